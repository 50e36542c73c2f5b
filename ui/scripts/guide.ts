/** Builds the documents that users need into pages of the App: no other host is asked for help. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Plugin } from 'vite';

import { escaped, htmlOf } from './markdown.ts';

const docs = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docs');

/** By their file names, in the order of their links. */
const titles: Readonly<Record<string, string>> = {
  operations: 'Guide',
  troubleshooting: 'Troubleshooting',
  install: 'Installing',
  mapping: 'Mapping',
  glossary: 'Glossary',
};
export const guideNames = Object.keys(titles);

/** Links between these pages lead from one to the other; to other documents there is no way. */
function linkRule(target: string) {
  if (/^https?:/.test(target)) return { href: escaped(target), isExternal: true };
  const [, name, place = ''] = /^(?:([a-z]+)\.md)?(#[\w-]+)?$/.exec(target) ?? [];
  if (name === undefined) return place === '' ? null : { href: place, isExternal: false };
  return name in titles ? { href: `${name}.html${place}`, isExternal: false } : null;
}

const style = `:root{color-scheme:light dark;--text:#1b2430;--dim:#56616e;--ground:#fff;--soft:#f5f7f9;
--line:#e1e6ec;--link:#1263b8;--mark:#fdf0db}
@media(prefers-color-scheme:dark){:root{--text:#dfe5ec;--dim:#a0abb8;--ground:#161b22;--soft:#0e1217;
--line:#2a333e;--link:#79b4f5;--mark:#3a2b14}}
html{scroll-padding-top:16px}
body{margin:0;background:var(--ground);color:var(--text);overflow-wrap:anywhere;
font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header{display:flex;flex-wrap:wrap;gap:6px 20px;padding:14px 24px;border-bottom:1px solid var(--line);background:var(--soft)}
header a[aria-current]{color:var(--text);font-weight:650;text-decoration:none}
main{max-width:1000px;margin:0 auto;padding:8px 24px 80px}
h1{font-size:26px}h2{margin-top:36px;font-size:20px}h3{margin-top:28px;font-size:16px}
a{color:var(--link);text-underline-offset:2px}
code{font:0.9em ui-monospace,"Cascadia Mono","SF Mono",Menlo,Consolas,monospace}
pre{padding:12px;border:1px solid var(--line);border-radius:4px;background:var(--soft);overflow:auto}
.table{margin:14px 0;overflow-x:auto}table{border-collapse:collapse;font-size:14px;min-width:560px}
th,td{padding:7px 10px;border:1px solid var(--line);text-align:left;vertical-align:top}th{background:var(--soft)}
td:first-child code{white-space:nowrap}tr:target td{background:var(--mark)}
.out{color:var(--dim)}.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}`;

/** One document as a page without a script. */
export function guidePage(name: string, text: string): string {
  const title = titles[name] ?? name;
  const links = Object.entries(titles).map(
    ([each, words]) =>
      `<a href="${each}.html"${each === name ? ' aria-current="page"' : ''}>${words}</a>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} | Microsoft Sentinel</title><style>${style}</style></head>
<body><header><a href="../">Microsoft Sentinel</a><nav aria-label="Guide" style="display:contents">${links.join('\n')}</nav></header>
<main>${htmlOf(text, linkRule)}</main></body></html>
`;
}

export function readGuide(name: string): string {
  return readFileSync(join(docs, `${name}.md`), 'utf8');
}

export function guide(): Plugin {
  return {
    name: 'guide',
    apply: 'build',
    buildStart() {
      for (const name of guideNames) this.addWatchFile(join(docs, `${name}.md`));
    },
    generateBundle() {
      for (const name of guideNames) {
        const source = guidePage(name, readGuide(name));
        this.emitFile({ type: 'asset', fileName: `help/${name}.html`, source });
      }
    },
  };
}
