/** Turns the Markdown that the documents are written in into HTML for the pages of the guide. */
import { Marked, type Tokens } from 'marked';

/** What a document needs to know about the page that is made of it. */
export interface Surroundings {
  /** Where a link leads; null if it leads to none of the pages that are built. */
  link: (target: string) => { href: string; isExternal: boolean; title?: string } | null;
  picture: (target: string) => Picture;
  /** Where a code is explained; null if nowhere. */
  code?: (code: string) => string | null;
}

export interface Picture {
  src: string;
  width: number;
  height: number;
}

export interface Article {
  html: string;
  /** What a list of contents is made of. */
  sections: readonly Section[];
  /** Whether links to documents that are not built became plain words. */
  isNamingOthers: boolean;
}

export interface Section {
  id: string;
  /** Its heading, as text. */
  words: string;
  /** The codes whose rows are in it. */
  codes: readonly string[];
}

/** Entities that the documents have stay as they are. */
export function escaped(text: string): string {
  return text
    .replace(/&(?!(?:#\d+|[a-z]+);)/g, '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** The place of a heading, as code hosts name it. */
function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

/** The error code or the condition that a row of a table explains: its first cell begins with it. */
function codeOf(cell: Tokens.TableCell | undefined): string | undefined {
  const shape = /^`([A-Z]+(?:-[A-Z0-9]*)*|[a-z]+(?:-[a-z0-9]+)+)`/;
  return shape.exec(cell?.text ?? '')?.[1];
}

function linkHtml(words: string, found: ReturnType<Surroundings['link']>): string {
  if (found === null) return words;
  if (!found.isExternal) return `<a href="${found.href}">${words}</a>`;
  return (
    `<a href="${found.href}" target="_blank" rel="noreferrer">${words}` +
    '<span class="out" aria-hidden="true"> \u2197</span>' +
    '<span class="hidden"> (another site, in a new tab)</span></a>'
  );
}

/** Convert a document; HTML within it is shown as text. */
export function articleOf(text: string, around: Surroundings): Article {
  const places = new Set<string>();
  const sections: (Section & { codes: string[] })[] = [];
  let isNamingOthers = false;
  /** Whether the current text is already a link, or the target of one. */
  let isLinked = false;

  const headed = (depth: number, words: string): string => {
    let id = slugOf(words);
    for (let count = 1; places.has(id); count += 1) id = `${slugOf(words)}-${count}`;
    places.add(id);
    if (depth === 2) sections.push({ id, words, codes: [] });
    return id;
  };
  /** The first row of the same code is what a link leads to. */
  const rowPlace = (code: string | undefined): string => {
    if (code === undefined || places.has(code)) return '';
    places.add(code);
    sections.at(-1)?.codes.push(code);
    return ` id="${code}"`;
  };
  const linked = (isInside: boolean, html: () => string): string => {
    const before = isLinked;
    isLinked ||= isInside;
    const made = html();
    isLinked = before;
    return made;
  };

  const marked = new Marked({
    // Neither a tag nor a bare address is more than text.
    tokenizer: { html: () => undefined, tag: () => undefined, url: () => undefined },
    renderer: {
      heading({ depth, tokens }) {
        const id = headed(depth, this.parser.parseInline(tokens, this.parser.textRenderer));
        const html = linked(true, () => this.parser.parseInline(tokens));
        return `<h${depth} id="${escaped(id)}">${html}</h${depth}>\n`;
      },
      code: ({ text: code }) => `<pre tabindex="0"><code>${escaped(code)}</code></pre>\n`,
      codespan({ text: code }) {
        const html = `<code>${escaped(code)}</code>`;
        const place = isLinked ? null : (around.code?.(code) ?? null);
        return place === null ? html : `<a href="${place}">${html}</a>`;
      },
      link({ href, tokens }) {
        const found = around.link(href);
        if (found === null) isNamingOthers = true;
        const html = linked(found !== null, () => this.parser.parseInline(tokens));
        // Readers of the page know a document by its title, not by the name of its file.
        return linkHtml(/^[\w-]+\.md$/.test(html) ? (found?.title ?? html) : html, found);
      },
      image({ href, text: words }) {
        const { src, width, height } = around.picture(href);
        // In a narrow window, a picture is legible only on its own.
        return (
          `<a class="picture" href="${src}"><img src="${src}" alt="${escaped(words)}" ` +
          `width="${width}" height="${height}" loading="lazy" decoding="async"></a>`
        );
      },
      table({ header, rows }) {
        const isHeaded = header.some((cell) => cell.text !== '');
        const headings = header.map((cell) =>
          escaped(this.parser.parseInline(cell.tokens, this.parser.textRenderer)),
        );
        const cellHtml = (cell: Tokens.TableCell, column: number): string => {
          const html = this.parser.parseInline(cell.tokens);
          if (cell.header) {
            return html === ''
              ? '<td role="cell"></td>'
              : `<th role="columnheader" scope="col">${html}</th>`;
          }
          // In a narrow window a row becomes a card, and each cell shows its label.
          const label = headings[column] === '' ? '' : ` data-label="${headings[column]}"`;
          return `<td role="cell"${html === '' ? '' : label}>${html}</td>`;
        };
        const rowHtml = (cells: Tokens.TableCell[], code?: string): string => {
          const place = rowPlace(code);
          const made = cells.map((cell, column) =>
            linked(column === 0 && code !== undefined, () => cellHtml(cell, column)),
          );
          return `<tr role="row"${place}>${made.join('')}</tr>`;
        };
        const thead = isHeaded ? `<thead role="rowgroup">${rowHtml(header)}</thead>` : '';
        const body = rows.map((cells) => rowHtml(cells, codeOf(cells[0])));
        // The style sheet makes cards of the rows, which would remove the roles.
        return (
          '<div class="table" tabindex="0" role="group" aria-label="Table"><table role="table">' +
          `${thead}<tbody role="rowgroup">${body.join('\n')}</tbody></table></div>\n`
        );
      },
    },
  });
  const html = marked.parse(text.replace(/<!--.*?-->/gs, ''), { async: false });
  return { html, sections, isNamingOthers };
}
