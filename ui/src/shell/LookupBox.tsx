/** The box in the header that leads to INDICATOR LOOKUP from any screen; `/` goes to it. */
import { useEffect, useRef, type ClipboardEvent, type SyntheticEvent } from 'react';

import { Icon } from '../components/Icon';
import { keepList } from '../lib/pastedList';
import { formatHash } from '../lib/route';
import classes from './LookupBox.module.css';
import { navigate } from './router';

const SCREEN = 'reports/lookup';
/** The field of the screen itself. */
export const VALUES_FIELD = 'lookup-values';
const LONGEST_IN_ADDRESS = 2_000;

export function LookupBox() {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.defaultPrevented || isMeantElsewhere(event)) return;
      event.preventDefault();
      focusBox(box.current);
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);

  const onSubmit = (event: SyntheticEvent) => {
    event.preventDefault();
    const field = box.current;
    const text = field?.value.trim() ?? '';
    if (field === null || text === '') return;
    field.value = '';
    field.blur();
    navigate(SCREEN, text.length > LONGEST_IN_ADDRESS ? { list: keepList(text) } : { paste: text });
  };
  // The box has one line, and would run those of a list together.
  const onPaste = (event: ClipboardEvent) => {
    const text = event.clipboardData.getData('text').trim();
    if (!/[\r\n]/.test(text)) return;
    event.preventDefault();
    navigate(SCREEN, { list: keepList(text) });
  };
  return (
    <>
      <form role="search" className={classes.form} onSubmit={onSubmit}>
        <Icon name="search" size={14} />
        <input
          ref={box}
          className={classes.box}
          type="text"
          aria-label="Look up an Indicator"
          aria-keyshortcuts="/"
          placeholder="Look up an Indicator"
          autoComplete="off"
          spellCheck={false}
          dir="auto"
          onPaste={onPaste}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
        <kbd className={classes.key} aria-hidden="true">
          /
        </kbd>
      </form>
      <a className={classes.link} href={formatHash(SCREEN)} aria-label="Look up an Indicator">
        <Icon name="search" />
      </a>
    </>
  );
}

/** Goes to the field of the screen, to the box, or to the screen where the box is an icon. */
function focusBox(box: HTMLInputElement | null): void {
  const field = document.getElementById(VALUES_FIELD) ?? box;
  if (field !== null && field.offsetParent !== null) field.focus();
  else navigate(SCREEN);
}

/** Whether the key belongs to a field, to a shortcut of the browser, or to a dialog. */
function isMeantElsewhere(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const { target } = event;
  const isField =
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input, textarea, select'));
  return isField || document.querySelector('[aria-modal="true"]') !== null;
}
