/** Asks before a Job is tried again or cancelled, or what it held back is withdrawn. */
import { Text } from '@mantine/core';

import { useCancelJob, useRetryJob } from '../../api/job';
import type { Job } from '../../api/model';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import type { JobAction } from '../../lib/jobAction';
import { onlyWithdraws } from '../../lib/scope';
import { setParams } from '../../shell/router';
import { showToast } from '../../shell/toast';
import { WhichRequest } from './WhichRequest';
import { WithdrawDialog } from './WithdrawDialog';

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
      action="Retry Request"
      isHarmless
      isBusy={retry.isPending}
      error={retry.error}
      onCancel={onClose}
      onConfirm={() =>
        retry.mutate(job.request_id, {
          onSuccess: ({ request_ids: [requestId] }) => {
            showToast({
              tone: 'good',
              title: 'Retry queued',
              text: `New request: ${requestId ?? ''}`,
            });
            onClose();
            if (requestId !== undefined) setParams({ open: requestId });
          },
        })
      }
    >
      <Text size="sm">
        Queues a new request for{' '}
        {job.scope === 'whole' ? 'the same query and time range' : 'what this one was about'},
        linked to this one.
      </Text>
      <WhichRequest job={job} />
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
      cancel="Keep Request"
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
        It has not started, so nothing was {onlyWithdraws(job.scope) ? 'withdrawn' : 'sent'}.
        {job.scope === 'whole' && ' The next update of the query includes its Indicators.'}
      </Text>
      <WhichRequest job={job} />
    </ConfirmDialog>
  );
}
