/** The clipboard. */

/** Copies a text; says whether the browser let it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

/** The clipboard's own call is refused inside some frames; copying a selection still works there. */
function copySelected(text: string): boolean {
  const before = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  field.readOnly = true;
  field.style.cssText = 'position: absolute; width: 1px; height: 1px; clip-path: inset(50%)';
  // Within the window that is open, if one is: it would take the focus back from outside.
  (before?.closest('[role=dialog]') ?? document.body).append(field);
  field.select();
  let isDone = false;
  try {
    // Nothing else is allowed in a frame without the permission.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    isDone = document.execCommand('copy');
  } catch {
    // The browser has no such command.
  }
  field.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return isDone;
}
