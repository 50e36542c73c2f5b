/** Addresses that came from elsewhere. */

/** The address if it leads to a web page; `null` for anything a browser would run or open. */
export function webAddress(text: string | null): string | null {
  if (text === null) return null;
  try {
    const { protocol, href } = new URL(text);
    return protocol === 'https:' || protocol === 'http:' ? href : null;
  } catch {
    return null;
  }
}
