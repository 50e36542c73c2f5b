/** Where the guide is: pages of the App itself, beside the page. */

/** The address of a page of the guide, for example `troubleshooting.html#TC-READ`. */
export function guideAddress(page: string): string {
  return `./help/${page}`;
}
