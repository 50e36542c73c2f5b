/** Where the guide is: pages of the App itself, beside the page. */

/** The pages of the guide in the order in which a reader needs them, by the names of their files. */
export const guidePages = {
  install: { title: 'Installing', about: 'Application, role, package and inputs' },
  operations: { title: 'Operating', about: 'Each screen, and how the Service works' },
  troubleshooting: { title: 'Troubleshooting', about: 'Cause and remedy of every code' },
  mapping: { title: 'Mapping', about: 'What becomes of an Indicator in Sentinel' },
  glossary: { title: 'Glossary', about: 'What the words mean' },
  security: { title: 'Security', about: 'What is stored, and who may do what' },
  assumptions: { title: 'Assumptions', about: 'What to check on your own instances' },
} as const;

/** Where the guide explains each screen, by the words of its heading. */
export const screenPlaces = {
  Dashboard: 'operations.html#dashboard',
  Configure: 'operations.html#configure',
  Jobs: 'operations.html#jobs',
  Tasks: 'operations.html#tasks',
  Errors: 'operations.html#errors',
  Verify: 'operations.html#verify',
  Matches: 'operations.html#matches',
  Context: 'operations.html#context',
  'Indicator Lookup': 'operations.html#indicator-lookup',
  Audit: 'operations.html#audit',
} as const;

export type ScreenTitle = keyof typeof screenPlaces;

/** The address of a page of the guide, for example `troubleshooting.html#TC-READ`. */
export function guideAddress(page: string): string {
  return `./help/${page}`;
}

/** Where the guide gives the cause and the remedy of an error or of a condition of health. */
export function remedyPlace(code: string): string {
  // Responses that are not the App's share one row, whatever their status.
  const row = /^PAGE-\d+$/.test(code) ? 'PAGE-' : code;
  return `troubleshooting.html#${encodeURIComponent(row)}`;
}
