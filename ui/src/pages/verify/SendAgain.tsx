/** Sends again what Sentinel does not have: all that the filters name, or one object. */
import { Button, Text, Tooltip } from '@mantine/core';
import { useState } from 'react';

import type { ApiError } from '../../api/client';
import type { Finding, SendFindingsBody, UpdateAccepted } from '../../api/model';
import { findingBodyOf, useSendFindings, type FindingFilter } from '../../api/verification';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { Icon } from '../../components/Icon';
import { IndicatorName } from '../../components/IndicatorName';
import { counted, formatCount } from '../../lib/number';
import { formatHash } from '../../lib/route';
import { MOST_SENT_AGAIN, needsNewId } from '../../lib/finding';
import { showToast } from '../../shell/toast';
import { Difference } from './Difference';

interface SendAgainProps {
  filter: FindingFilter;
  /** How many Indicators the filters name that can be sent again. */
  count: number;
}

export function SendAgain({ filter, count }: SendAgainProps) {
  const [isAsking, setAsking] = useState(false);
  const reason = count === 0 ? 'None of these can be sent again together' : null;
  const most = Math.min(count, MOST_SENT_AGAIN);
  return (
    <>
      <Tooltip label={reason} disabled={reason === null}>
        <Button
          variant="default"
          leftSection={<Icon name="upload" />}
          {...(reason !== null && {
            'data-disabled': true,
            'aria-disabled': true,
            'aria-description': reason,
          })}
          onClick={() => {
            if (reason === null) setAsking(true);
          }}
        >
          {count === 0 ? 'Send again' : `Send ${formatCount(most)} again`}
        </Button>
      </Tooltip>
      {isAsking && (
        <SendDialog
          title={`Send ${counted(most, 'Indicator')} again?`}
          body={findingBodyOf(filter)}
          onClose={() => setAsking(false)}
        >
          <Text size="sm">
            Reads these Indicators from ThreatConnect and sends those that their query still
            returns. Only what is missing, older or expired early is sent; what was changed in
            Sentinel is sent one by one.
          </Text>
          {count > MOST_SENT_AGAIN && (
            <Text size="sm" mt="xs">
              These are the first {formatCount(MOST_SENT_AGAIN)} of {formatCount(count)}. Send the
              rest when they are done.
            </Text>
          )}
        </SendDialog>
      )}
    </>
  );
}

interface SendOneDialogProps {
  finding: Finding;
  onClose: () => void;
}

export function SendOneDialog({ finding, onClose }: SendOneDialogProps) {
  return (
    <SendDialog
      title="Send this Indicator again?"
      body={{ finding: Number(finding.id) }}
      onClose={onClose}
    >
      {finding.indicator !== null && <IndicatorName indicator={finding.indicator} isLookedUp />}
      {finding.kind === 'changed' ? (
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
      ) : null}
      <Text size="sm" mt="xs">
        Reads it from ThreatConnect, and sends it if its query still returns it.
      </Text>
    </SendDialog>
  );
}

interface SendDialogProps {
  title: string;
  body: SendFindingsBody;
  onClose: () => void;
  children: React.ReactNode;
}

function SendDialog({ title, body, onClose, children }: SendDialogProps) {
  const send = useSendFindings();
  const error: ApiError | null = send.error;
  return (
    <ConfirmDialog
      isOpen
      isHarmless
      title={title}
      action="Send Again"
      isBusy={send.isPending}
      error={error}
      onCancel={onClose}
      onConfirm={() =>
        send.mutate(body, {
          onSuccess: (accepted) => {
            tellQueued('Send again queued', accepted);
            onClose();
          },
        })
      }
    >
      {children}
    </ConfirmDialog>
  );
}

/** Says that an update is queued, and leads to it. */
export function tellQueued(
  title: string,
  { update_id: updateId, request_ids: ids }: UpdateAccepted,
) {
  showToast({
    tone: 'good',
    title,
    text: counted(ids.length, 'Job'),
    link: { label: 'View in JOBS', href: formatHash('jobs', { update_id: updateId }) },
  });
}
