/** Text of any length: its beginning, and the whole when asked for. */
import { UnstyledButton } from '@mantine/core';
import { useState } from 'react';

const SHOWN_CHARS = 280;

export function LongText({ text }: { text: string }) {
  const [isWhole, setIsWhole] = useState(false);
  const isLong = text.length > SHOWN_CHARS;
  return (
    <span className="app-long-text" dir="auto">
      {isLong && !isWhole ? `${text.slice(0, SHOWN_CHARS)}… ` : text}{' '}
      {isLong && (
        <UnstyledButton
          className="app-link"
          fz="inherit"
          aria-expanded={isWhole}
          onClick={() => setIsWhole(!isWhole)}
        >
          {isWhole ? 'Show less' : 'Show all'}
        </UnstyledButton>
      )}
    </span>
  );
}
