/** Puts the licenses of all packages that the page is made of beside it: who gets the one gets the other. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Plugin } from 'vite';

const FILE_NAME = 'licenses.txt';
const LINE = '='.repeat(80);
const HEAD = `This page is made of the software of others below, each under its own license and unchanged.
The App itself is under the Apache License 2.0. First the list, then the text of every license.`;

const textName = /^(licen[cs]e|copying|notice|copyright)/i;
/** Texts of packages that come without one, as their authors publish them elsewhere. */
const kept = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '.ci', 'release', 'texts');

interface Package {
  name: string;
  version: string;
  license: string;
  texts: string[];
}

/** The folder of the package that a module belongs to; nothing for our own modules. */
function folderOf(id: string): string | undefined {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id.replace(/^\0+|\?.*$/g, ''))?.[0];
}

function packageOf(folder: string): Package {
  const facts = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const own = readdirSync(folder)
    .filter((name) => textName.test(name))
    .sort()
    .map((name) => join(folder, name));
  const spare = join(kept, `${facts.name.replaceAll('/', '__')}.txt`);
  const files = own.length === 0 && existsSync(spare) ? [spare] : own;
  return {
    name: facts.name,
    version: facts.version,
    license: facts.license ?? 'see its text',
    texts: files.map((file) => readFileSync(file, 'utf8').replaceAll('\r\n', '\n').trim()),
  };
}

/** The list and the texts; equal texts stand there once. */
export function licenseText(packages: readonly Package[]): string {
  const ordered = [...packages].sort((one, other) => (one.name < other.name ? -1 : 1));
  const owners = new Map<string, string[]>();
  for (const { name, version, texts } of ordered) {
    for (const text of texts) {
      owners.set(text, [...(owners.get(text) ?? []), `${name} ${version}`]);
    }
  }
  return [
    HEAD,
    ordered.map(({ name, version, license }) => `${name} ${version}: ${license}`).join('\n'),
    ...[...owners].map(([text, names]) => `${LINE}\n${names.join(', ')}\n${LINE}\n\n${text}`),
    '',
  ].join('\n\n');
}

export function licenses(): Plugin {
  // The style sheets are taken out of the modules before a bundle is written.
  const folders = new Set<string>();
  return {
    name: 'licenses',
    apply: 'build',
    moduleParsed({ id }) {
      const folder = folderOf(id);
      if (folder !== undefined && existsSync(join(folder, 'package.json'))) folders.add(folder);
    },
    generateBundle() {
      const packages = [...folders].map(packageOf);
      const without = packages.filter(({ texts }) => texts.length === 0).map(({ name }) => name);
      if (without.length > 0) {
        this.error(
          `No license text comes with ${without.join(', ')}. Put the one that its authors publish ` +
            'into .ci/release/texts/, under the name of the package.',
        );
      }
      this.emitFile({ type: 'asset', fileName: FILE_NAME, source: licenseText(packages) });
    },
  };
}
