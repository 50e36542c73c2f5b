/** Routes live in the hash of the address, so that they work under any prefix and survive a reload. */

export interface Route {
  /** The screen, without slashes at its ends: `reports/errors`; empty for the first screen. */
  path: string;
  /** What narrows the screen: filters, page, the open row. */
  params: URLSearchParams;
}

/** Reads `#/jobs?status=Failed`. Whatever is not understood leads to the first screen. */
export function parseHash(hash: string): Route {
  const text = hash.replace(/^#/, '');
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  return {
    path: path.replace(/^\/+|\/+$/g, ''),
    params: new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1)),
  };
}

/** The hash of a route. Parameters that hold nothing are left out. */
export function formatHash(
  path: string,
  params?: URLSearchParams | Record<string, string>,
): string {
  const kept = new URLSearchParams();
  const entries = params instanceof URLSearchParams ? [...params] : Object.entries(params ?? {});
  for (const [name, value] of entries) if (value !== '') kept.append(name, value);
  const query = kept.toString();
  return `#/${path}${query === '' ? '' : `?${query}`}`;
}
