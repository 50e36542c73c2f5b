/** Text of any length: its beginning, and the whole when asked for. */
import { useState } from 'react';

import { TextButton } from './Link';
import classes from './LongText.module.css';

const SHOWN_CHARS = 280;

export function LongText({ text }: { text: string }) {
  const [isWhole, setIsWhole] = useState(false);
  const isLong = text.length > SHOWN_CHARS;
  return (
    <span className={classes.text} dir="auto">
      {isLong && !isWhole ? `${text.slice(0, SHOWN_CHARS)}… ` : text}{' '}
      {isLong && (
        <TextButton aria-expanded={isWhole} onClick={() => setIsWhole(!isWhole)}>
          {isWhole ? 'Show less' : 'Show all'}
        </TextButton>
      )}
    </span>
  );
}
