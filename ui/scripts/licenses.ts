/** Completes the list of licenses that Vite puts beside the page: who gets the one gets the other. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Plugin } from 'vite';

export const LICENSES = 'licenses.txt';
/** Texts of packages that come without one, as their authors publish them elsewhere. */
const kept = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '.ci', 'release', 'texts');

function keptText(name: string): string | undefined {
  const file = join(kept, `${name.replaceAll('/', '__')}.txt`);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

/** The list with a text for each package; throws if there is none for one. */
export function completed(list: string, textOf: (name: string) => string | undefined): string {
  return list
    .replaceAll('\r\n', '\n')
    .replace(/^## (\S+) - \d.*\n(?=\n## \S+ - \d|$(?![^]))/gm, (heading, name: string) => {
      const text = textOf(name);
      if (text === undefined) {
        throw new Error(
          `No license text comes with ${name}. Put the one that its authors publish ` +
            'into .ci/release/texts/, under the name of the package.',
        );
      }
      return `${heading}\n${text}\n`;
    });
}

export function licenses(): Plugin {
  return {
    name: 'licenses',
    apply: 'build',
    config: () => ({ build: { license: { fileName: LICENSES } } }),
    writeBundle({ dir = '' }) {
      const file = join(dir, LICENSES);
      writeFileSync(file, completed(readFileSync(file, 'utf8'), keptText));
    },
  };
}
