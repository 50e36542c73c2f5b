/** Turns the Markdown that the documents are written in into HTML for the pages of the guide. */
import { Marked, type Tokens } from 'marked';

/** Where a link leads on the pages that are built, and nothing where it leads out of them. */
export type LinkRule = (target: string) => { href: string; isExternal: boolean } | null;

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

/** The error code that a row of a table explains. */
function codeOf(cell: Tokens.TableCell | undefined): string | undefined {
  return /^`([A-Z]+(?:-[A-Z0-9]+)*)`$/.exec(cell?.text ?? '')?.[1];
}

function linkHtml(words: string, found: ReturnType<LinkRule>): string {
  if (found === null) return words;
  if (!found.isExternal) return `<a href="${found.href}">${words}</a>`;
  return (
    `<a href="${found.href}" target="_blank" rel="noreferrer">${words}` +
    '<span class="out" aria-hidden="true"> \u2197</span>' +
    '<span class="hidden"> (another site, in a new tab)</span></a>'
  );
}

/** One document as HTML; what it has as HTML itself shows as it is written. */
export function htmlOf(text: string, linkRule: LinkRule): string {
  const places = new Set<string>();
  /** The first of the same name is what a link leads to. */
  const placed = (id: string | undefined): string => {
    if (id === undefined || places.has(id)) return '';
    places.add(id);
    return ` id="${escaped(id)}"`;
  };
  const marked = new Marked({
    // Neither a tag nor a bare address is more than text.
    tokenizer: { html: () => undefined, tag: () => undefined, url: () => undefined },
    renderer: {
      heading({ depth, tokens }) {
        const words = this.parser.parseInline(tokens, this.parser.textRenderer);
        const html = this.parser.parseInline(tokens);
        return `<h${depth}${placed(slugOf(words))}>${html}</h${depth}>\n`;
      },
      code: ({ text: code }) => `<pre tabindex="0"><code>${escaped(code)}</code></pre>\n`,
      link({ href, tokens }) {
        return linkHtml(this.parser.parseInline(tokens), linkRule(href));
      },
      table({ header, rows }) {
        const cellsOf = (cells: Tokens.TableCell[]) =>
          cells
            .map((cell) => {
              const html = this.parser.parseInline(cell.tokens);
              return cell.header && html !== ''
                ? `<th scope="col">${html}</th>`
                : `<td>${html}</td>`;
            })
            .join('');
        const isHeaded = header.some((cell) => cell.text !== '');
        const thead = isHeaded ? `<thead><tr>${cellsOf(header)}</tr></thead>` : '';
        const body = rows.map((cells) => `<tr${placed(codeOf(cells[0]))}>${cellsOf(cells)}</tr>`);
        return (
          '<div class="table" tabindex="0" role="group" aria-label="Table"><table>' +
          `${thead}<tbody>${body.join('\n')}</tbody></table></div>\n`
        );
      },
    },
  });
  return marked.parse(text.replace(/<!--.*?-->/gs, ''), { async: false });
}
