/** After going to another screen, reading goes on at its heading, also where that comes later. */

const HEADING_ID = 'page-heading';

let isAwaited = false;

/** Puts the focus on the heading of the screen, now or as soon as there is one. */
export function focusHeading(): void {
  const heading = document.getElementById(HEADING_ID);
  isAwaited = heading === null;
  heading?.focus({ preventScroll: true });
}

/** Says that the heading is there now. */
export function headingAppeared(): void {
  if (isAwaited) focusHeading();
}
