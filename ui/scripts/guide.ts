/** Builds the documents that users need into pages of the App: no other host is asked for help. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Plugin } from 'vite';

import { guidePages } from '../src/lib/guide.ts';
import { articleOf, escaped, type Picture, type Section, type Surroundings } from './markdown.ts';

const here = dirname(fileURLToPath(import.meta.url));
const docs = join(here, '..', '..', 'docs');
const style = readFileSync(join(here, 'guide.css'), 'utf8');

type GuideName = keyof typeof guidePages;
export const guideNames = Object.keys(guidePages) as GuideName[];
/** The page that explains codes. */
const CODES = 'troubleshooting';

const shield =
  '<svg width="18" height="18" viewBox="0 0 32 32" aria-hidden="true"><path fill="var(--link)" ' +
  'd="M16 1 4 6v9c0 8 5 13 12 16 7-3 12-8 12-16V6z"/><path fill="none" stroke="var(--soft)" ' +
  'stroke-width="3" stroke-linecap="round" stroke-linejoin="round" d="m10 16 4.5 4.5L22.5 12"/></svg>';

const PNG_MARK = '89504e470d0a1a0a';

export function readGuide(name: string): string {
  return readFileSync(join(docs, `${name}.md`), 'utf8');
}

/** A picture that the document of that name shows. */
export function readPicture(name: string, target: string): { content: Buffer; picture: Picture } {
  if (!/^images\/[\w-]+\.png$/.test(target)) {
    throw new Error(`docs/${name}.md shows ${target}: pictures are PNG files of docs/images.`);
  }
  let content: Buffer;
  try {
    content = readFileSync(join(docs, target));
  } catch {
    throw new Error(`docs/${name}.md shows ${target}, which is not in docs/images.`);
  }
  if (content.subarray(0, 8).toString('hex') !== PNG_MARK) {
    throw new Error(`docs/${name}.md shows ${target}, which is no PNG file.`);
  }
  // The first chunk of a PNG file begins with its size.
  const [width, height] = [content.readUInt32BE(16), content.readUInt32BE(20)];
  return { content, picture: { src: target, width, height } };
}

function isGuide(name: string): name is GuideName {
  return name in guidePages;
}

/** Links between these pages lead from one to the other; to other documents there is no way. */
function linkRule(target: string): ReturnType<Surroundings['link']> {
  if (/^https?:/.test(target)) return { href: escaped(target), isExternal: true };
  const [, name, place = ''] = /^(?:([a-z]+)\.md)?(#[\w-]+)?$/.exec(target) ?? [];
  if (name === undefined) return place === '' ? null : { href: place, isExternal: false };
  if (!isGuide(name)) return null;
  return { href: `${name}.html${place}`, isExternal: false, title: guidePages[name].title };
}

/** The codes that a document explains, each in a row. */
function codesOf(text: string): Set<string> {
  const picture = { src: '', width: 0, height: 0 };
  const { sections } = articleOf(text, { link: linkRule, picture: () => picture });
  return new Set(sections.flatMap(({ codes }) => codes));
}

/** One document as a page without a script, and the pictures that it shows. */
export function guidePage(
  name: GuideName,
  text: string,
  explained = codesOf(name === CODES ? text : readGuide(CODES)),
): { html: string; pictures: ReadonlyMap<string, Buffer> } {
  const pictures = new Map<string, Buffer>();
  const article = articleOf(text, {
    link: linkRule,
    picture: (target) => {
      const { content, picture } = readPicture(name, target);
      pictures.set(target, content);
      return picture;
    },
    code: (code) => {
      if (!explained.has(code)) return null;
      return `${name === CODES ? '' : `${CODES}.html`}#${code}`;
    },
  });
  const { title, about } = guidePages[name];
  const contents = contentsHtml(article.sections, name === CODES);
  const contentsName = name === CODES ? 'Contents and codes' : 'Contents';
  const pages = guideNames.map((each) => {
    const mark = each === name ? ' aria-current="page"' : '';
    return `<li><a href="${each}.html"${mark}>${guidePages[each].title}</a></li>`;
  });
  const note = article.isNamingOthers
    ? '<p>Documents that are named here without a link are with the sources of the App.</p>'
    : '';
  // There is no script, so the list stands here twice: folded up, and beside the text where it is wide
  // enough. The style sheet shows one of them.
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${about}">
<title>${title} | Microsoft Sentinel</title><style>
${style}</style></head>
<body><a class="skip" href="#page-text">Skip to content</a>
<header><a class="app" href="../">${shield}Microsoft Sentinel</a>
<nav aria-label="Pages of the guide"><ul>${pages.join('\n')}</ul></nav></header>
<div class="columns">
<nav class="beside" aria-label="${contentsName}"><p>${contentsName}</p>${contents}</nav>
<div class="middle">
<nav class="folded" aria-label="${contentsName}"><details><summary>${contentsName}</summary>${contents}</details></nav>
<main id="page-text" tabindex="-1">${article.html}</main>
<footer>${note}<p>Installed with the App. <a href="../">Back to the App</a></p></footer>
</div></div></body></html>
`;
  return { html, pictures };
}

function contentsHtml(sections: readonly Section[], isWithCodes: boolean): string {
  const entries = sections.map(({ id, words, codes }) => {
    const rows = codes.map((code) => `<li><a href="#${code}"><code>${code}</code></a></li>`);
    const list = isWithCodes && rows.length > 0 ? `<ul class="codes">${rows.join('')}</ul>` : '';
    return `<li><a href="#${escaped(id)}">${escaped(words)}</a>${list}</li>`;
  });
  return `<ul>${entries.join('\n')}</ul>`;
}

export function guide(): Plugin {
  return {
    name: 'guide',
    apply: 'build',
    buildStart() {
      for (const name of guideNames) this.addWatchFile(join(docs, `${name}.md`));
    },
    generateBundle() {
      const explained = codesOf(readGuide(CODES));
      const pictures = new Map<string, Buffer>();
      for (const name of guideNames) {
        const page = guidePage(name, readGuide(name), explained);
        this.emitFile({ type: 'asset', fileName: `help/${name}.html`, source: page.html });
        for (const [target, content] of page.pictures) pictures.set(target, content);
      }
      for (const [target, source] of pictures) {
        this.emitFile({ type: 'asset', fileName: `help/${target}`, source });
      }
    },
  };
}
