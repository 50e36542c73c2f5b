/** Asks before a Job is tried again or cancelled, or what it held back is withdrawn. */
import { Text } from '@mantine/core';

import { useCancelJob, useRetryJob, useWithdraw } from '../../api/job';
import type { Job } from '../../api/model';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { QueryName } from '../../components/QueryName';
import { counted } from '../../lib/number';
import type { JobAction } from '../../lib/jobAction';
import { setParams } from '../../shell/router';
import { showToast } from '../../shell/toast';
import { withdrawName } from './JobActions';

interface JobActionDialogProps {
  job: Job;
  action: JobAction;
  onClose: () => void;
}

export function JobActionDialog({ job, action, onClose }: JobActionDialogProps) {
  if (action === 'retry') return <RetryDialog job={job} onClose={onClose} />;
  if (action === 'cancel') return <CancelDialog job={job} onClose={onClose} />;
  return <WithdrawDialog job={job} onClose={onClose} />;
}

interface OneActionProps {
  job: Job;
  onClose: () => void;
}

function RetryDialog({ job, onClose }: OneActionProps) {
  const retry = useRetryJob();
  return (
    <ConfirmDialog
      isOpen
      title="Retry this request?"
      action="Retry"
      isHarmless
      isBusy={retry.isPending}
      error={retry.error}
      onCancel={onClose}
      onConfirm={() =>
        retry.mutate(job.request_id, {
          onSuccess: ({ request_ids: [requestId] }) => {
            showToast({
              tone: 'good',
              title: 'Queued again',
              text: `The new request is ${requestId ?? ''}.`,
            });
            onClose();
            if (requestId !== undefined) setParams({ open: requestId });
          },
        })
      }
    >
      <Text size="sm">
        A new ad-hoc request is queued, of the same TQL query and from the same time on. This one
        stays Failed; both name each other.
      </Text>
      <Which job={job} />
    </ConfirmDialog>
  );
}

function CancelDialog({ job, onClose }: OneActionProps) {
  const cancel = useCancelJob();
  return (
    <ConfirmDialog
      isOpen
      title="Cancel this request?"
      action="Cancel Request"
      cancel="Keep it"
      isBusy={cancel.isPending}
      error={cancel.error}
      onCancel={onClose}
      onConfirm={() =>
        cancel.mutate(job.request_id, {
          onSuccess: () => {
            showToast({ tone: 'good', title: 'Cancelled', text: job.request_id });
            onClose();
          },
        })
      }
    >
      <Text size="sm">
        It has not begun, so nothing of it was sent. What it would have sent is left to the next
        update of its TQL query.
      </Text>
      <Which job={job} />
    </ConfirmDialog>
  );
}

function WithdrawDialog({ job, onClose }: OneActionProps) {
  const withdraw = useWithdraw();
  return (
    <ConfirmDialog
      isOpen
      title={`${withdrawName(job)}?`}
      action={withdrawName(job)}
      isBusy={withdraw.isPending}
      error={withdraw.error}
      onCancel={onClose}
      onConfirm={() =>
        withdraw.mutate(job.request_id, {
          onSuccess: ({ request_ids: ids }) => {
            showToast({
              tone: 'good',
              title: 'Withdrawal confirmed',
              text: `${counted(ids.length, 'Job')} queued for it.`,
            });
            onClose();
          },
        })
      }
    >
      <Text size="sm">
        These are in Microsoft Sentinel, but no longer in ThreatConnect, and were too many to be
        withdrawn without asking. An update is queued that looks anew and tells Sentinel that as
        many as this are no longer valid; what has come back meanwhile stays.
      </Text>
      <Text size="sm" mt="xs">
        Sentinel cannot take it back: an Indicator that returns later comes under a new id.
      </Text>
      <Which job={job} />
    </ConfirmDialog>
  );
}

function Which({ job }: { job: Job }) {
  return (
    <Text size="sm" mt="xs" c="dimmed" component="div">
      Request <span className="app-mono">{job.request_id}</span>
      <br />
      <QueryName position={job.query.position} query={job.query} />
    </Text>
  );
}
