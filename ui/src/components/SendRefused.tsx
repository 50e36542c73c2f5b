/** Sends what Sentinel refused once more, however often it was tried. */
import { Button, Text, Tooltip } from '@mantine/core';
import { useState } from 'react';

import type { RetryRefusedBody } from '../api/model';
import { useRetryRefused } from '../api/report';
import { counted } from '../lib/number';
import { formatHash } from '../lib/route';
import { showToast } from '../shell/toast';
import { ConfirmDialog } from './ConfirmDialog';

interface SendRefusedProps {
  /** Of which errors. */
  body: RetryRefusedBody;
  /** How many Indicators that are. */
  count: number;
  /** The Job that does so already. */
  underWay: string | null;
}

export function SendRefused({ body, count, underWay }: SendRefusedProps) {
  const [isAsking, setAsking] = useState(false);
  const retry = useRetryRefused();
  const close = () => {
    setAsking(false);
    retry.reset();
  };
  const reason =
    underWay !== null
      ? 'Already queued or running; see JOBS'
      : count === 0
        ? 'Sentinel refuses none of these now'
        : null;
  return (
    <>
      <Tooltip label={reason} disabled={reason === null}>
        <Button
          variant="default"
          {...(reason !== null && { 'data-disabled': true, 'aria-disabled': true })}
          {...(reason !== null && { 'aria-description': reason })}
          onClick={() => {
            if (reason === null) setAsking(true);
          }}
        >
          Send Refused Again
        </Button>
      </Tooltip>
      <ConfirmDialog
        isOpen={isAsking}
        title={`Send ${counted(count, 'refused Indicator')} again?`}
        action="Send Again"
        isHarmless
        isBusy={retry.isPending}
        error={retry.error}
        onCancel={close}
        onConfirm={() =>
          retry.mutate(body, {
            onSuccess: ({ request_ids: [requestId] }) => {
              showToast({
                tone: 'good',
                title: 'Refused Indicators queued',
                link: {
                  label: 'View in JOBS',
                  href: formatHash('jobs', { open: requestId ?? '' }),
                },
              });
              close();
            },
          })
        }
      >
        <Text size="sm">
          Asks ThreatConnect for these Indicators only and sends them now, even if no tries are
          left. Fix the cause first; Error Reason has the words of Microsoft Sentinel.
        </Text>
      </ConfirmDialog>
    </>
  );
}
