// Checks what ui/dist makes a browser load. A first view: at most 4 requests, one of them a call of
// the API, and 220 KB of script and style after gzip, without the TQL editor. What comes later: the
// editor in one file, and no file over 120 KB. Nothing from another host.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const KB = 1024;
const FIRST_REQUESTS = 4;
const API_CALLS = 1;
const FIRST_BYTES = 220 * KB;
const LATER_BYTES = 120 * KB;
/** Stands in the code of CodeMirror, whatever is renamed there. */
const EDITOR_MARK = 'cm-content';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const html = readFileSync(join(dist, 'index.html'), 'utf8');
const addresses = [...html.matchAll(/<(?:script|link)\b[^>]*?\b(?:src|href)="([^"]+)"/g)]
  .map((match) => match[1])
  .filter((address) => !address.startsWith('data:'));
const assets = readdirSync(join(dist, 'assets')).map((name) => {
  const content = readFileSync(join(dist, 'assets', name));
  return {
    name,
    text: content.toString('utf8'),
    bytes: gzipSync(content).length,
    isFirst: addresses.includes(`./assets/${name}`),
  };
});

const size = (bytes) => `${(bytes / KB).toFixed(1)} KB`;
const sum = (files) => files.reduce((total, file) => total + file.bytes, 0);
const first = assets.filter(({ isFirst }) => isFirst);
const later = assets.filter(({ isFirst }) => !isFirst);
const editors = assets.filter(
  ({ name, text }) => name.endsWith('.js') && text.includes(EDITOR_MARK),
);

const problems = [];
for (const address of addresses) {
  if (!first.some(({ name }) => address === `./assets/${name}`)) {
    problems.push(`index.html loads ${address}, which is not a relative address of an asset`);
  }
}
for (const ending of ['.js', '.css']) {
  if (!first.some(({ name }) => name.endsWith(ending))) {
    problems.push(`index.html loads no ${ending} file`);
  }
}
const requests = 1 + addresses.length + API_CALLS;
if (requests > FIRST_REQUESTS) {
  problems.push(`a first view takes ${requests} requests, more than ${FIRST_REQUESTS}`);
}
if (sum(first) > FIRST_BYTES) {
  problems.push(
    `script and style of a first view: ${size(sum(first))}, more than ${size(FIRST_BYTES)}`,
  );
}
for (const { name, bytes } of later) {
  if (bytes > LATER_BYTES) problems.push(`${name}: ${size(bytes)}, more than ${size(LATER_BYTES)}`);
}
if (editors.length > 1 || editors.some(({ isFirst }) => isFirst)) {
  problems.push(`the editor is in ${editors.map(({ name }) => name).join(', ')}`);
}
for (const { name, text } of assets) {
  if (name.endsWith('.css') && /url\(\s*["']?(?:https?:)?\/\//.test(text)) {
    problems.push(`${name} loads from another host`);
  }
}

console.log(
  `First view: ${requests} requests; gzip: ${size(sum(first))} ` +
    `(${first.map(({ name, bytes }) => `${name} ${size(bytes)}`).join(', ')})`,
);
if (later.length > 0) {
  console.log(`Later: ${later.map(({ name, bytes }) => `${name} ${size(bytes)}`).join(', ')}`);
}
for (const problem of problems) console.error(`Over budget: ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);
