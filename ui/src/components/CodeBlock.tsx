/** Text that somebody may want to take elsewhere: shown as it is, with a button that copies it. */
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';

import classes from './CodeBlock.module.css';
import { useCopy } from './CopyText';
import { Icon } from './Icon';

interface CodeBlockProps {
  /** What it is, for the button and for those who cannot see it: `KQL query`. */
  label: string;
  text: string;
  /** What else can be done with it, beside copying. */
  end?: ReactNode;
}

export function CodeBlock({ label, text, end }: CodeBlockProps) {
  const { isCopied, copy } = useCopy(text);
  return (
    <div className={classes.block}>
      <div className={classes.head}>
        <span>{label}</span>
        {end}
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<Icon name={isCopied ? 'done' : 'copy'} size={13} />}
          aria-label={`Copy ${label}`}
          onClick={copy}
        >
          {isCopied ? 'Copied' : 'Copy'}
        </Button>
      </div>
      {/* What scrolls has to be reachable by the keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={classes.text} role="group" aria-label={label} tabIndex={0} dir="ltr">
        {text}
      </pre>
    </div>
  );
}
