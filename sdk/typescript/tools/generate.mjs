// Writes src/abi/*.ts from forge's output, one file per contract of script/plan.json (and what those contracts make).
//
// usage: node tools/generate.mjs [--check]     --check: exit status 1 when a file differs, nothing is written
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const contracts = path.join(here, '../../../contracts');
const folder = path.join(here, '../src/abi');
const kMadeByContracts = ['RevenueVault', 'StakeVault'];
const kHead = '// Generated from contracts/out by tools/generate.mjs (`make abi`). Do not edit.\n';

function names() {
  const plan = JSON.parse(fs.readFileSync(path.join(contracts, 'script/plan.json'), 'utf8'));
  const created = [...plan.economy, ...plan.governance].filter((step) => step.create).map((step) => step.create);
  return [...created, ...kMadeByContracts].sort();
}

/** Functions, events and errors in the compiler's order; Solidity's own type names are dropped. */
function abiOf(name) {
  const artifact = JSON.parse(fs.readFileSync(path.join(contracts, 'out', `${name}.sol`, `${name}.json`), 'utf8'));
  return JSON.stringify(artifact.abi, (key, value) => (key === 'internalType' ? undefined : value));
}

function constantOf(name) {
  return name.charAt(0).toLowerCase() + name.slice(1) + 'Abi';
}

/** One entry of the ABI per line. */
function fileOf(name) {
  const entries = JSON.parse(abiOf(name)).map((entry) => '  ' + JSON.stringify(entry));
  return `${kHead}export const ${constantOf(name)} = [\n${entries.join(',\n')},\n] as const;\n`;
}

function indexOf(all) {
  const imports = all.map((name) => `import {${constantOf(name)}} from './${name}.js';`).join('\n');
  const entries = all.map((name) => `  ${name}: ${constantOf(name)},`).join('\n');
  return `${kHead}${imports}\n\n/** Every contract's ABI by its name in a deployment. */\nexport const abis = {\n${entries}\n} as const;\n`;
}

function files() {
  const all = names();
  return new Map([...all.map((name) => [`${name}.ts`, fileOf(name)]), ['index.ts', indexOf(all)]]);
}

const wanted = files();
const there = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
if (process.argv.includes('--check')) {
  const stale = [...wanted].filter(([name, text]) => !there.includes(name) || fs.readFileSync(path.join(folder, name), 'utf8') !== text);
  const surplus = there.filter((name) => !wanted.has(name));
  const wrong = [...stale.map(([name]) => name), ...surplus];
  if (wrong.length > 0) {
    console.error(`stale: ${wrong.join(', ')}; run \`make abi\``);
    process.exit(1);
  }
} else {
  fs.mkdirSync(folder, {recursive: true});
  for (const name of there) if (!wanted.has(name)) fs.unlinkSync(path.join(folder, name));
  for (const [name, text] of wanted) fs.writeFileSync(path.join(folder, name), text);
}
