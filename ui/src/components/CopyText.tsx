/** A value that a click copies whole, however much of it is shown. */
import { Tooltip, UnstyledButton } from '@mantine/core';
import { useEffect, useState } from 'react';

import { showToast } from '../shell/toast';
import { Icon } from './Icon';

const CONFIRMED_MS = 1_500;

interface CopyTextProps {
  value: string;
  /** What the value is, for the button's name: `Request ID`. */
  what: string;
  /** What is shown; the whole value when left out. */
  children?: string;
}

/** The clipboard's own call is refused inside some frames; a selection still works there. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

export function CopyText({ value, what, children = value }: CopyTextProps) {
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setIsCopied(false), CONFIRMED_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);

  const onClick = () => {
    void copy(value).then((isDone) => {
      setIsCopied(isDone);
      if (!isDone) {
        showToast({ tone: 'bad', title: 'The browser did not allow copying', text: value });
      }
    });
  };

  return (
    <Tooltip label={isCopied ? 'Copied' : `${value} (click to copy)`}>
      <UnstyledButton className="app-copy" onClick={onClick} aria-label={`Copy ${what} ${value}`}>
        <bdi className="app-mono">{children}</bdi>
        <Icon name={isCopied ? 'done' : 'copy'} size={13} />
      </UnstyledButton>
    </Tooltip>
  );
}
