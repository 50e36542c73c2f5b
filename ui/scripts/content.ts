/** Puts the ARM template of the content for Sentinel beside the page, which fills it in. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Plugin } from 'vite';

const template = join(
  dirname(fileURLToPath(import.meta.url)),
  ...['..', '..', 'docs', 'sentinel', 'azuredeploy.json'],
);

export function content(): Plugin {
  return {
    name: 'content',
    apply: 'build',
    buildStart() {
      this.addWatchFile(template);
    },
    generateBundle() {
      const source = readFileSync(template, 'utf8');
      this.emitFile({ type: 'asset', fileName: 'content/azuredeploy.json', source });
    },
  };
}
