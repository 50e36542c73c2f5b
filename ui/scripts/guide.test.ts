import { describe, expect, it } from 'vitest';

import { errorCodes } from '../src/lib/errorCode';
import { topics } from '../src/lib/help';
import type { Topic } from '../src/lib/help/topic';
import { guideNames, guidePage, readGuide } from './guide';
import { htmlOf } from './markdown';

const pages = new Map(guideNames.map((name) => [`${name}.html`, guidePage(name, readGuide(name))]));
const placesOf = (html: string) =>
  new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
const render = (text: string) =>
  htmlOf(text, (href) => ({ href, isExternal: href.startsWith('https:') })).trim();

describe('Markdown', () => {
  it.each([
    ['# A *b* `c`', '<h1 id="a-b-c">A <em>b</em> <code>c</code></h1>'],
    [
      '## [A b](x), `C-D` & e_f',
      '<h2 id="a-b-c-d--e_f"><a href="x">A b</a>, <code>C-D</code> &amp; e_f</h2>',
    ],
    ['a\nb **c**', '<p>a\nb <strong>c</strong></p>'],
    ['[a](x.html#y)', '<p><a href="x.html#y">a</a></p>'],
    ['https://a.example <!-- b\n-->c', '<p>https://a.example c</p>'],
    ['<script>&lt;a&gt; & b', '<p>&lt;script&gt;&lt;a&gt; &amp; b</p>'],
    ['`a <b> *c*`', '<p><code>a &lt;b&gt; *c*</code></p>'],
    ['```sh\na <b>\n\n# c\n```', '<pre tabindex="0"><code>a &lt;b&gt;\n\n# c</code></pre>'],
    ['* a\n  b\n* c', '<ul>\n<li>a\nb</li>\n<li>c</li>\n</ul>'],
    ['1. a\n   * b\n2. c', '<ol>\n<li>a<ul>\n<li>b</li>\n</ul>\n</li>\n<li>c</li>\n</ol>'],
  ])('%s', (text, html) => {
    expect(render(text)).toBe(html);
  });

  it('gives a row that explains a code a place, once', () => {
    const row = '| code | cause |\n| --- | --- |\n| `TC-READ` | a `b\\|c` |\n';
    const html = render(`${row}\n${row}`);
    expect(html.match(/<tr id="TC-READ">/g)).toHaveLength(1);
    expect(html).toContain('<td>a <code>b|c</code></td>');
  });

  it('writes no heading where a table has none', () => {
    const html = render('| | b |\n| --- | --- |\n| c | d |\n');
    expect(html).toContain('<thead><tr><td></td><th scope="col">b</th></tr></thead>');
    expect(render('| | |\n| --- | --- |\n| c | d |\n')).not.toContain('<thead>');
  });

  it('has only the words of a link that leads out of the pages', () => {
    expect(htmlOf('a [b *c*](d.md)', () => null)).toBe('<p>a b <em>c</em></p>\n');
  });

  it('marks what leads to another site', () => {
    expect(render('[a](https://a.example)')).toContain('target="_blank" rel="noreferrer"');
  });
});

describe('the guide', () => {
  it('has a place for every error code', () => {
    const places = placesOf(pages.get('troubleshooting.html') ?? '');
    for (const code of [...errorCodes, 'APP-CONFLICT', 'PAGE-OFFLINE'])
      expect(places).toContain(code);
  });

  it('is found from every explanation that names a place in it', () => {
    for (const { guide } of Object.values<Topic>(topics)) {
      if (guide === undefined) continue;
      const [page = '', place] = guide.split('#');
      expect([...pages.keys()]).toContain(page);
      if (place !== undefined) expect(placesOf(pages.get(page) ?? '')).toContain(place);
    }
  });

  it.each([...pages])('%s leads nowhere else and runs nothing', (_name, html) => {
    expect(html).not.toMatch(/<script|<link|<img|\son\w+=/);
    for (const [, href = ''] of html.matchAll(/<a href="([^"]+)"/g)) {
      if (href === '../' || href.startsWith('https://')) continue;
      const [page = '', place] = href.split('#');
      const target = page === '' ? html : pages.get(page);
      expect(target, href).toBeDefined();
      if (place !== undefined) expect(placesOf(target ?? ''), href).toContain(place);
    }
    // What is left of the Markdown would show as it is written.
    expect(html.replace(/<(pre|code)\b.*?<\/\1>/gs, '')).not.toMatch(/\*\*|\]\(|^#|^\| /m);
  });
});
