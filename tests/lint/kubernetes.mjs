// Checks deploy/kubernetes against the schemas and the types of npm's kubernetes-models: kubernetes.mjs FOLDER
//
// Schemas know which values are allowed, types which names: a misspelt name passes most schemas. Patches of components are
// merged into the base first, as kustomize would, and each kustomization names exactly the files beside it.
// kustomize itself is run by tests/kubernetes.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const packages = new URL("../../build/npm/kubernetes/", import.meta.url);
const require = createRequire(packages);
const YAML = require("yaml");
const ts = require("typescript");

const OTHERS = {
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
  "gateway.networking.k8s.io": "@kubernetes-models/gateway-api",
  "keda.sh": "@kubernetes-models/keda",
};
const problems = [];

function read(file) {
  const documents = YAML.parseAllDocuments(readFileSync(file, "utf8"));
  for (const error of documents.flatMap((document) => [...document.errors, ...document.warnings])) {
    problems.push(`${file}: ${error.message}`);
  }
  return documents.map((document) => document.toJS()).filter(Boolean);
}

function moduleOf({ apiVersion, kind }) {
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
  return `${OTHERS[group] ?? "kubernetes-models"}/${apiVersion}/${kind}`;
}

// A strategic merge as far as our patches go: lists of things with a name (or a path to mount at) by that name.
function merge(base, patch) {
  if (Array.isArray(base) && Array.isArray(patch)) {
    const key = ["mountPath", "name"].find((name) => patch.every((item) => item?.[name] !== undefined));
    if (!key) return patch;
    const merged = base.map((item) => {
      const change = patch.find((other) => other[key] === item[key]);
      return change ? merge(item, change) : item;
    });
    return [...merged, ...patch.filter((item) => !base.some((other) => other[key] === item[key]))];
  }
  if (base && patch && typeof base === "object" && typeof patch === "object") {
    const merged = { ...base };
    for (const [name, value] of Object.entries(patch)) merged[name] = name in base ? merge(base[name], value) : value;
    return merged;
  }
  return patch;
}

// Every kustomization with what it consists of: [{where, object}], patches merged into the base.
function* objectsOf(folder, base) {
  const file = join(folder, "kustomization.yaml");
  const [kustomization] = read(file);
  const patches = (kustomization.patches ?? []).map((patch) => patch.path);
  const named = [...(kustomization.resources ?? []), ...patches, ...(kustomization.components ?? [])];
  for (const name of named) {
    if (!existsSync(join(folder, name))) problems.push(`${file}: ${name} does not exist`);
  }
  for (const name of readdirSync(folder)) {
    if (name !== "kustomization.yaml" && !named.includes(name)) problems.push(`${file}: ${name} is not named`);
  }
  for (const name of named.filter((name) => name.endsWith(".yaml") && existsSync(join(folder, name)))) {
    for (const object of read(join(folder, name))) {
      if (!patches.includes(name)) {
        yield { where: join(folder, name), object };
        continue;
      }
      const patched = base.find((other) => other.kind === object.kind && other.metadata.name === object.metadata.name);
      if (!patched) problems.push(`${join(folder, name)}: the base has no ${object.kind} ${object.metadata?.name}`);
      else yield { where: join(folder, name), object: merge(patched, object) };
    }
  }
}

async function checkSchema({ where, object }) {
  const path = moduleOf(object);
  let found;
  try {
    found = await import(new URL(`node_modules/${path}.js`, packages));
  } catch {
    problems.push(`${where}: no schema of ${object.apiVersion} ${object.kind}`);
    return false;
  }
  try {
    new (found[object.kind])(object).validate();
  } catch (error) {
    problems.push(`${where}: ${error.message.split("\n").slice(0, 3).join(" ")}`);
  }
  return true;
}

function checkTypes(found) {
  const file = new URL("objects.ts", packages).pathname;
  const lines = found.flatMap(({ object }, index) => [
    `import type { I${object.kind} as T${index} } from ${JSON.stringify(moduleOf(object))};`,
    `export const o${index}: T${index} = ${JSON.stringify(object)};`,
  ]);
  writeFileSync(file, lines.join("\n"));
  const program = ts.createProgram([file], {
    noEmit: true, strict: true, skipLibCheck: true, types: [],
    module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
  });
  for (const diagnostic of ts.getPreEmitDiagnostics(program)) {
    const line = diagnostic.file ? ts.getLineAndCharacterOfPosition(diagnostic.file, diagnostic.start ?? 0).line : 0;
    const where = found[Math.floor(line / 2)]?.where ?? file;
    problems.push(`${where}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, " ").slice(-300)}`);
  }
}

const folder = process.argv[2];
const base = [...objectsOf(join(folder, "base"), [])];
const found = [...base];
for (const name of readdirSync(join(folder, "components"))) {
  found.push(...objectsOf(join(folder, "components", name), base.map(({ object }) => object)));
}
found.push(...objectsOf(join(folder, "example"), []));
const known = [];
for (const one of found) if (await checkSchema(one)) known.push(one);
checkTypes(known);
for (const problem of problems) console.error(problem);
console.log(`${folder}: ${found.length} objects, ${problems.length} problems`);
process.exit(problems.length || !found.length ? 1 : 0);
