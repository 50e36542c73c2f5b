/** A value that a click copies whole, however much of it is shown. */
import { Tooltip, UnstyledButton } from '@mantine/core';
import { useEffect, useState } from 'react';

import { copyText } from '../shell/copy';
import { showToast } from '../shell/toast';
import classes from './CopyText.module.css';
import { Icon } from './Icon';
import { Mono } from './Mono';

const CONFIRMED_MS = 1_500;

interface CopyTextProps {
  value: string;
  /** What the value is, for the button's name: `Request ID`. */
  what: string;
  /** What is shown; the whole value when left out. */
  children?: string;
}

/** Whether it was copied just now, and how to copy it. */
export function useCopy(text: string): { isCopied: boolean; copy: () => void } {
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setIsCopied(false), CONFIRMED_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = () => {
    void copyText(text).then((isDone) => {
      setIsCopied(isDone);
      if (!isDone) {
        showToast({ tone: 'bad', title: 'The browser did not allow copying', text });
      }
    });
  };
  return { isCopied, copy };
}

export function CopyText({ value, what, children = value }: CopyTextProps) {
  const { isCopied, copy } = useCopy(value);
  return (
    <Tooltip label={isCopied ? 'Copied' : `${value} (click to copy)`}>
      <UnstyledButton className={classes.copy} onClick={copy} aria-label={`Copy ${what} ${value}`}>
        <Mono>{children}</Mono>
        <Icon name={isCopied ? 'done' : 'copy'} size={13} />
      </UnstyledButton>
    </Tooltip>
  );
}
