/** Until when Sentinel asked to wait, and the button that ends the wait. */
import { Button, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';

import type { AskedWait as Wait } from '../api/model';
import classes from './AskedWait.module.css';
import { Flag } from './Flag';
import { Icon } from './Icon';
import { TaskDialog } from './TaskDialog';
import { TimeText } from './TimeText';

interface AskedWaitProps {
  wait: Wait;
  /** Tells one of several such buttons on a screen from the others. */
  of?: string;
}

export function AskedWait({ wait, of }: AskedWaitProps) {
  const [isAsked, setAsked] = useState(false);
  return (
    <span className={classes.wait}>
      <Flag>
        Sentinel asked to wait until <TimeText value={wait.until} />
      </Flag>{' '}
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<Icon name="play" size={13} />}
        aria-label={of === undefined ? undefined : `Send now: ${of}`}
        onClick={() => setAsked(true)}
      >
        Send now
      </Button>
      {isAsked && <SendNowDialog wait={wait} onClose={() => setAsked(false)} />}
    </span>
  );
}

function SendNowDialog({ wait, onClose }: { wait: Wait; onClose: () => void }) {
  return (
    <TaskDialog
      title="Send now?"
      action="Send now"
      act={{ slug: 'upload', action: 'send-now' }}
      done="Upload is sending again"
      isHarmless
      onClose={onClose}
    >
      <Words>
        Microsoft Sentinel asked to wait until <TimeText value={wait.until} />:{' '}
        <bdi>{wait.reason}</bdi>
      </Words>
      <Words>
        Upload tries again now. If Sentinel asks to wait again, nothing is lost. The limit of
        requests per minute still applies.
      </Words>
    </TaskDialog>
  );
}

function Words({ children }: { children: ReactNode }) {
  return (
    <Text size="sm" mt="xs" className={classes.words}>
      {children}
    </Text>
  );
}
