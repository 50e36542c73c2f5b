import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { errorCodes, queryCodes } from '../src/lib/errorCode';
import { guidePages, remedyPlace, screenPlaces } from '../src/lib/guide';
import { topics } from '../src/lib/help';
import type { Topic } from '../src/lib/help/topic';
import { guideNames, guidePage, readGuide, readPicture } from './guide';
import { articleOf, type Surroundings } from './markdown';

const built = new Map(guideNames.map((name) => [`${name}.html`, guidePage(name, readGuide(name))]));
const pages = new Map([...built].map(([file, { html }]) => [file, html]));
const placesOf = (html: string) => [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);

const around: Surroundings = {
  link: (href) => ({ href, isExternal: href.startsWith('https:') }),
  picture: (src) => ({ src, width: 1280, height: 720 }),
};
const render = (text: string) => articleOf(text, around).html.trim();

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
    ['# A\n\n## A', '<h1 id="a">A</h1>\n<h2 id="a-1">A</h2>'],
  ])('%s', (text, html) => {
    expect(render(text)).toBe(html);
  });

  it.each([
    ['`TC-READ`', 'TC-READ'],
    ['`NET`', 'NET'],
    ['`job-failed`', 'job-failed'],
    ['`PAGE-` and a status', 'PAGE-'],
  ])('gives a row that explains %s a place, once', (cell, id) => {
    const row = `| code | cause |\n| --- | --- |\n| ${cell} | a \`b\\|c\` |\n`;
    const html = render(`${row}\n${row}`);
    expect(placesOf(html)).toEqual([id]);
    expect(html).toContain('>a <code>b|c</code></td>');
  });

  it.each(['`lock`', '`state.db`', '`max_tlp`', 'a `TC-READ`'])('%s is no code', (cell) => {
    expect(placesOf(render(`| a |\n| --- |\n| ${cell} |\n`))).toEqual([]);
  });

  it('writes no heading where a table has none', () => {
    const html = render('| | b |\n| --- | --- |\n| c | d |\n');
    expect(html).toContain('<td role="cell"></td><th role="columnheader" scope="col">b</th>');
    expect(html).toContain('<td role="cell">c</td><td role="cell" data-label="b">d</td>');
    expect(render('| | |\n| --- | --- |\n| c | d |\n')).not.toMatch(/<thead|data-label/);
  });

  it('has only the words of a link that leads out of the pages, and says so', () => {
    const article = articleOf('a [b *c*](d.md)', { ...around, link: () => null });
    expect(article.html).toBe('<p>a b <em>c</em></p>\n');
    expect(article.isNamingOthers).toBe(true);
    expect(articleOf('a [b](d.md)', around).isNamingOthers).toBe(false);
  });

  it('names a page by its title instead of its file', () => {
    const link = () => ({ href: 'b.html', isExternal: false, title: 'B' });
    const html = articleOf('[b.md](b.md) [b c](b.md)', { ...around, link }).html;
    expect(html).toBe('<p><a href="b.html">B</a> <a href="b.html">b c</a></p>\n');
  });

  it('marks what leads to another site', () => {
    expect(render('[a](https://a.example)')).toContain('target="_blank" rel="noreferrer"');
  });

  it('keeps the room of a picture, which is loaded when it comes into sight', () => {
    expect(render('![A "b"](images/c.png)')).toBe(
      '<p><a class="picture" href="images/c.png"><img src="images/c.png" alt="A &quot;b&quot;" ' +
        'width="1280" height="720" loading="lazy" decoding="async"></a></p>',
    );
  });

  it('lists the sections with the codes that each explains', () => {
    const row = '\n\n| code |\n| --- |\n| `A-B` |\n';
    const { sections } = articleOf(`# T\n\n## A <i> \`b\`${row}\n### C${row}\n## D`, around);
    expect(sections).toEqual([
      { id: 'a-i-b', words: 'A <i> b', codes: ['A-B'] },
      { id: 'd', words: 'D', codes: [] },
    ]);
  });

  it('a code leads to its explanation, but not within a link, a heading or its own row', () => {
    const code = (each: string) => (each === 'A-B' ? '#A-B' : null);
    const html = articleOf(
      '# `A-B`\n\n`A-B` `C-D` [`A-B`](x)\n\n| | |\n| --- | --- |\n| `A-B` | `A-B` |\n',
      { ...around, code },
    ).html;
    expect(html.match(/<a href="#A-B"><code>A-B<\/code><\/a>/g)).toHaveLength(2);
    expect(html).toContain('<h1 id="a-b"><code>A-B</code></h1>');
    expect(html).toContain('<p><a href="#A-B"><code>A-B</code></a> <code>C-D</code> <a href="x">');
    expect(html).toContain('<td role="cell"><code>A-B</code></td>');
  });
});

/** The list of values of the API. */
function valuesOf(schema: string): string[] {
  const api = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'openapi.json'), 'utf8')) as {
    components: { schemas: Record<string, { enum?: string[] }> };
  };
  return api.components.schemas[schema]?.enum ?? [];
}

describe('the guide', () => {
  const conditions = valuesOf('ConditionCode');
  const pageCodes = ['APP-CONFLICT', 'PAGE-OFFLINE', 'PAGE-TIMEOUT', 'PAGE-502'];

  it.each([...errorCodes, ...queryCodes, ...pageCodes, ...conditions])('explains %s', (code) => {
    const [file = '', place = ''] = remedyPlace(code).split('#');
    expect(pages.get(file)).toContain(`<tr role="row" id="${decodeURIComponent(place)}">`);
  });

  it('explains the conditions of the API', () => {
    expect(conditions).toContain('job-failed');
  });

  it.each(Object.entries(screenPlaces))('has a section about %s', (title, address) => {
    const [file = '', place = ''] = address.split('#');
    const heading = new RegExp(`<h2 id="${place}">(.*?)</h2>`).exec(pages.get(file) ?? '')?.[1];
    expect(heading?.toUpperCase()).toBe(title.toUpperCase());
  });

  const explained = Object.entries<Topic>(topics).flatMap(([name, { guide }]) =>
    guide === undefined ? [] : [[name, guide] as const],
  );
  it.each(explained)('says more about %s', (_name, address) => {
    const [file = '', place] = address.split('#');
    expect([...pages.keys()]).toContain(file);
    if (place !== undefined) expect(placesOf(pages.get(file) ?? '')).toContain(place);
  });

  it.each([...pages])('%s leads nowhere else and runs nothing', (_name, html) => {
    expect(html).not.toMatch(/<script|<link|\son\w+=/);
    for (const [, href = ''] of html.matchAll(/<a (?:class="\w+" )?href="([^"]+)"/g)) {
      if (href === '../' || href.startsWith('https://') || href.startsWith('images/')) continue;
      const [page = '', place] = href.split('#');
      const target = page === '' ? html : pages.get(page);
      expect(target, href).toBeDefined();
      if (place !== undefined) expect(placesOf(target ?? ''), href).toContain(place);
    }
    // What is left of the Markdown would show as it is written.
    expect(html.replace(/<(pre|code)\b.*?<\/\1>/gs, '')).not.toMatch(/\*\*|\]\(|^#|^\| /m);
  });

  it.each([...pages])('%s gives each place one name and lists its sections', (_name, html) => {
    const places = placesOf(html);
    expect(new Set(places).size).toBe(places.length);
    const sections = [...html.matchAll(/<h2 id="([^"]+)"/g)].map(([, id = '']) => id);
    const [beside = '', folded = ''] = html.match(/<nav class="\w+".*?<\/nav>/gs) ?? [];
    for (const list of [beside, folded]) {
      const listed = [...list.matchAll(/<li><a href="#([^"]+)">(?!<code>)/g)].map(([, id]) => id);
      expect(listed).toEqual(sections);
    }
  });

  it('lists every code of its page of codes, and no codes elsewhere', () => {
    for (const [file, html] of pages) {
      const list = /<nav class="beside".*?<\/nav>/s.exec(html)?.[0] ?? '';
      const codes = [...list.matchAll(/<a href="#([^"]+)"><code>/g)].map(([, code]) => code);
      if (file !== 'troubleshooting.html') expect(codes).toEqual([]);
      else expect(codes).toEqual(expect.arrayContaining([...errorCodes, ...queryCodes, 'PAGE-']));
    }
  });

  it.each(guideNames)('%s marks itself among all pages', (name) => {
    const html = pages.get(`${name}.html`) ?? '';
    const { title } = guidePages[name];
    expect(html).toContain(`<title>${title} | Microsoft Sentinel</title>`);
    const header = /<header>.*?<\/header>/s.exec(html)?.[0] ?? '';
    expect(header.match(/aria-current/g)).toHaveLength(1);
    expect(header).toContain(`<a href="${name}.html" aria-current="page">${title}</a>`);
    for (const each of guideNames) expect(header).toContain(`"${each}.html"`);
  });

  it('has the pictures that it shows, each with words and its size', () => {
    for (const { html, pictures } of built.values()) {
      const shown = [...html.matchAll(/<img src="([^"]+)" alt="([^"]*)" width="(\d+)"/g)];
      expect(new Set(shown.map(([, src]) => src))).toEqual(new Set(pictures.keys()));
      for (const [, , alt, width] of shown) {
        expect(alt).not.toBe('');
        expect(Number(width)).toBeGreaterThan(0);
      }
    }
  });

  it('reads the size of a picture', () => {
    const { picture, content } = readPicture('tour', 'images/jobs.png');
    expect(picture).toMatchObject({ src: 'images/jobs.png', width: 1280 });
    expect(picture.height).toBeGreaterThan(200);
    expect(content.length).toBeGreaterThan(1_000);
  });

  it.each([
    ['images/missing.png', 'docs/install.md shows images/missing.png, which is not in docs/images'],
    ['https://a.example/b.png', 'pictures are PNG files of docs/images'],
    ['images/../a.png', 'pictures are PNG files of docs/images'],
  ])('is not built with the picture %s', (target, message) => {
    expect(() => guidePage('install', `![a](${target})`)).toThrow(message);
  });
});
