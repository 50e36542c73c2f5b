// Checks what a first view loads from ui/dist: at most 4 files, 250 KB of script and 25 KB of
// style after gzip, and nothing from another host.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const KB = 1024;
const LIMITS = { files: 4, js: 250 * KB, css: 25 * KB };

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const html = readFileSync(join(dist, 'index.html'), 'utf8');
const addresses = [...html.matchAll(/<(?:script|link)\b[^>]*?\b(?:src|href)="([^"]+)"/g)]
  .map((match) => match[1])
  .filter((address) => !address.startsWith('data:'));

const problems = [];
const sizes = { html: gzipSync(html).length, js: 0, css: 0 };
for (const address of addresses) {
  if (!address.startsWith('./assets/')) {
    problems.push(`index.html loads ${address}, which is not a relative asset address`);
    continue;
  }
  const kind = address.endsWith('.css') ? 'css' : 'js';
  sizes[kind] += gzipSync(readFileSync(join(dist, address))).length;
}

const files = 1 + addresses.length;
if (files > LIMITS.files) problems.push(`${files} files, more than ${LIMITS.files}`);
for (const kind of ['js', 'css']) {
  if (sizes[kind] === 0) problems.push(`index.html loads no ${kind} file`);
  if (sizes[kind] > LIMITS[kind]) {
    problems.push(`${kind}: ${sizes[kind]} bytes gzip, more than ${LIMITS[kind]}`);
  }
}
for (const name of readdirSync(join(dist, 'assets'))) {
  if (
    name.endsWith('.css') &&
    /url\(\s*["']?(?:https?:)?\/\//.test(readFileSync(join(dist, 'assets', name), 'utf8'))
  ) {
    problems.push(`${name} loads from another host`);
  }
}

console.log(
  `First view: ${files} files; gzip: script ${(sizes.js / KB).toFixed(1)} KB, ` +
    `style ${(sizes.css / KB).toFixed(1)} KB, page ${(sizes.html / KB).toFixed(1)} KB`,
);
for (const problem of problems) console.error(`Over budget: ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);
