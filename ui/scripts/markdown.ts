/** Turns the Markdown that the documents are written in into HTML: the part of it that they use. */

/** Where a link leads on the pages that are built, and nothing where it leads out of them. */
export type LinkRule = (target: string) => { href: string; isExternal: boolean } | null;

const HEADING = /^(#{1,4}) +(.+)$/;
const FENCE = '```';
const ITEM = /^( *)([*-]|\d+\.) +/;
const SEPARATOR = /^\|[ :|]*-[ :|-]*\|$/;

/** Entities that the documents have stay as they are. */
export function escaped(text: string): string {
  return text
    .replace(/&(?!(?:#\d+|[a-z]+);)/g, '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** The place of a heading, as code hosts name it. */
export function slugOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .trim()
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

export class Markdown {
  private readonly places = new Set<string>();
  private readonly linkRule: LinkRule;

  constructor(linkRule: LinkRule) {
    this.linkRule = linkRule;
  }

  render(text: string): string {
    return this.blocks(text.replace(/<!--.*?-->/gs, '').split('\n'));
  }

  private blocks(lines: readonly string[]): string {
    const parts: string[] = [];
    let at = 0;
    /** The lines from here on, as long as they pass. */
    const take = (passes: (line: string) => boolean): string[] => {
      const start = at;
      while (at < lines.length && passes(lines[at] ?? '')) at += 1;
      return lines.slice(start, at);
    };
    while (at < lines.length) {
      const line = lines[at] ?? '';
      const heading = HEADING.exec(line);
      if (line.trim() === '') {
        at += 1;
      } else if (heading !== null) {
        at += 1;
        parts.push(this.heading(heading[1]?.length ?? 1, heading[2] ?? ''));
      } else if (line.startsWith(FENCE)) {
        at += 1;
        const code = take((next) => !next.startsWith(FENCE));
        at += 1;
        parts.push(`<pre tabindex="0"><code>${escaped(code.join('\n'))}</code></pre>`);
      } else if (line.startsWith('|')) {
        parts.push(this.table(take((next) => next.startsWith('|'))));
      } else if (ITEM.test(line)) {
        parts.push(
          this.list(take((next) => next.trim() === '' || next.startsWith(' ') || ITEM.test(next))),
        );
      } else {
        const ends = (next: string) =>
          next.trim() === '' ||
          HEADING.test(next) ||
          next.startsWith(FENCE) ||
          ITEM.test(next) ||
          next.startsWith('|');
        parts.push(`<p>${this.inline(take((next) => !ends(next)).join('\n'))}</p>`);
      }
    }
    return parts.join('\n');
  }

  private heading(level: number, text: string): string {
    const id = this.place(slugOf(text));
    return `<h${level}${id}>${this.inline(text)}</h${level}>`;
  }

  /** The first of the same name is what a link leads to. */
  private place(id: string): string {
    if (this.places.has(id)) return '';
    this.places.add(id);
    return ` id="${escaped(id)}"`;
  }

  private list(lines: readonly string[]): string {
    const first = ITEM.exec(lines[0] ?? '');
    const isOrdered = /\d/.test(first?.[2] ?? '');
    const indent = first?.[1]?.length ?? 0;
    const items: string[][] = [];
    for (const line of lines) {
      const marker = ITEM.exec(line);
      if (marker !== null && (marker[1] ?? '').length <= indent) {
        items.push([line.slice(marker[0].length)]);
      } else {
        items.at(-1)?.push(line.replace(/^ {1,3}/, ''));
      }
    }
    const tag = isOrdered ? 'ol' : 'ul';
    const body = items.map((item) => {
      const html = this.blocks(item);
      const isPlain = html.startsWith('<p>') && !html.includes('<p>', 1);
      return `<li>${isPlain ? html.replace(/^<p>(.*?)<\/p>/s, '$1') : html}</li>`;
    });
    return `<${tag}>${body.join('\n')}</${tag}>`;
  }

  private table(lines: readonly string[]): string {
    const rows = lines.filter((line) => !SEPARATOR.test(line)).map(cellsOf);
    const [head = [], ...body] = rows;
    const headRow = head
      .map((cell) => (cell === '' ? '<td></td>' : `<th scope="col">${this.inline(cell)}</th>`))
      .join('');
    const thead = head.every((cell) => cell === '') ? '' : `<thead><tr>${headRow}</tr></thead>`;
    const bodyRows = body.map((cells) => {
      // A row that explains a code is a place of its own.
      const code = /^`([A-Z]+(?:-[A-Z0-9]+)*)`$/.exec(cells[0] ?? '')?.[1];
      const id = code === undefined ? '' : this.place(code);
      return `<tr${id}>${cells.map((cell) => `<td>${this.inline(cell)}</td>`).join('')}</tr>`;
    });
    return (
      '<div class="table" tabindex="0" role="group" aria-label="Table"><table>' +
      `${thead}<tbody>${bodyRows.join('\n')}</tbody></table></div>`
    );
  }

  private inline(text: string): string {
    // What is code is put aside, so that nothing is looked for in it.
    const codes: string[] = [];
    const plain = text.replace(/`([^`]+)`/g, (_all, code: string) => {
      codes.push(`<code>${escaped(code.replaceAll('\\|', '|'))}</code>`);
      return `\uE000${codes.length - 1}\uE000`;
    });
    return escaped(plain)
      .replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, (_all, words: string, target: string) =>
        this.link(words, target),
      )
      .replace(/\*\*(.+?)\*\*/gs, '<strong>$1</strong>')
      .replace(/\*(?=\S)(.+?)(?<=\S)\*/gs, '<em>$1</em>')
      .replace(/\uE000(\d+)\uE000/g, (_all, index: string) => codes[Number(index)] ?? '');
  }

  private link(words: string, target: string): string {
    const found = this.linkRule(target);
    if (found === null) return words;
    if (!found.isExternal) return `<a href="${found.href}">${words}</a>`;
    return (
      `<a href="${found.href}" target="_blank" rel="noreferrer">${words}` +
      '<span class="out" aria-hidden="true"> \u2197</span>' +
      '<span class="hidden"> (another site, in a new tab)</span></a>'
    );
  }
}

/** A bar within code is written with a backslash. */
function cellsOf(line: string): string[] {
  return line
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}
