// Checks the files of a page, each as what it is: page.mjs FILE ...
//
// .js and .css by eslint, .html by html-validate, with the rules that they recommend.
import { createRequire } from "node:module";

const root = new URL("../../", import.meta.url);
const require = createRequire(new URL("build/npm/lint/", root));
const { ESLint } = require("eslint");
const { HtmlValidate } = require("html-validate");
const js = require("@eslint/js");
const css = require("@eslint/css").default;

const BROWSER = ["AbortSignal", "DOMParser", "Node", "clearTimeout", "document", "fetch", "location", "setTimeout"];

const eslint = new ESLint({
  overrideConfigFile: true,
  overrideConfig: [
    { files: ["**/*.js"], ...js.configs.recommended },
    {
      files: ["**/*.js"],
      languageOptions: { sourceType: "script", globals: Object.fromEntries(BROWSER.map((name) => [name, "readonly"])) },
      rules: { eqeqeq: "error", "no-var": "error", "prefer-const": "error", strict: ["error", "global"] },
    },
    { files: ["**/*.css"], language: "css/css", ...css.configs.recommended },
  ],
});
const htmlValidate = new HtmlValidate({
  root: true,
  extends: ["html-validate:recommended"],
  rules: {
    // A table that CSS lays out as cards loses its roles unless they are written down.
    "no-redundant-role": "off",
    "prefer-native-element": "off",
  },
});

const files = process.argv.slice(2);
const results = [
  ...(await eslint.lintFiles(files.filter((file) => !file.endsWith(".html")))),
  ...(await htmlValidate.validateMultipleFiles(files.filter((file) => file.endsWith(".html")))).results,
];
let found = 0;
for (const { filePath, messages } of results) {
  for (const { line, message, ruleId } of messages) {
    console.error(`${filePath}:${line}: ${message} (${ruleId})`);
    ++found;
  }
}
process.exit(found ? 1 : 0);
