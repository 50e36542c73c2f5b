/** Sends context objects again that Sentinel does not have: all that the filters name, or one. */
import { Button, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';

import type { Finding, SendFindingsBody } from '../../api/model';
import { findingBodyOf, useSendContext, type FindingFilter } from '../../api/verification';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { Icon } from '../../components/Icon';
import { MOST_SENT_AGAIN, needsNewId } from '../../lib/finding';
import { counted, formatCount } from '../../lib/number';
import { showToast } from '../../shell/toast';
import { Difference } from './Difference';

interface SendContextAgainProps {
  filter: FindingFilter;
  /** How many context objects the filters name that can be sent again. */
  count: number;
}

export function SendContextAgain({ filter, count }: SendContextAgainProps) {
  const [isAsking, setAsking] = useState(false);
  if (count === 0) return null;
  const most = Math.min(count, MOST_SENT_AGAIN);
  return (
    <>
      <Button
        variant="default"
        leftSection={<Icon name="upload" />}
        onClick={() => setAsking(true)}
      >
        Send {counted(most, 'context object')} again
      </Button>
      {isAsking && (
        <SendContextDialog
          title={`Send ${counted(most, 'context object')} again?`}
          body={findingBodyOf(filter)}
          onClose={() => setAsking(false)}
        >
          <Text size="sm">
            The Task Context sends what is missing or older, after all Indicators that wait. What
            was changed in Sentinel is sent one by one.
          </Text>
          {count > MOST_SENT_AGAIN && (
            <Text size="sm" mt="xs">
              These are the first {formatCount(MOST_SENT_AGAIN)} of {formatCount(count)}. Send the
              rest when they are done.
            </Text>
          )}
        </SendContextDialog>
      )}
    </>
  );
}

interface SendOneContextDialogProps {
  finding: Finding;
  onClose: () => void;
}

export function SendOneContextDialog({ finding, onClose }: SendOneContextDialogProps) {
  return (
    <SendContextDialog
      title="Send this context object again?"
      body={{ finding: Number(finding.id) }}
      onClose={onClose}
    >
      <Text size="sm">{finding.name ?? finding.stix_id}</Text>
      {finding.kind === 'changed' && (
        <>
          <Text size="sm" mt="xs">
            A person or a rule changed it in Sentinel. Sending it again overrides that.
          </Text>
          <Text size="sm" c="dimmed" component="div" mt={4}>
            <Difference finding={finding} />
          </Text>
          {needsNewId(finding) && (
            <Text size="sm" mt="xs">
              It goes out under a new ID, as Sentinel may keep the present one revoked.
            </Text>
          )}
        </>
      )}
      <Text size="sm" mt="xs">
        The Task Context sends it, after all Indicators that wait.
      </Text>
    </SendContextDialog>
  );
}

interface SendContextDialogProps {
  title: string;
  body: SendFindingsBody;
  onClose: () => void;
  children: ReactNode;
}

function SendContextDialog({ title, body, onClose, children }: SendContextDialogProps) {
  const send = useSendContext();
  return (
    <ConfirmDialog
      isOpen
      isHarmless
      title={title}
      action="Send Again"
      isBusy={send.isPending}
      error={send.error}
      onCancel={onClose}
      onConfirm={() =>
        send.mutate(body, {
          onSuccess: ({ count_objects: count }) => {
            showToast({
              tone: 'good',
              title: 'Send again requested',
              text: counted(count, 'context object'),
            });
            onClose();
          },
        })
      }
    >
      {children}
    </ConfirmDialog>
  );
}
