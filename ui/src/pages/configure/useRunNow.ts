/** Starts an update of all queries at once, and says so. */
import { useRequestUpdate } from '../../api/job';
import type { Configure } from '../../api/model';
import { counted } from '../../lib/number';
import { showToast } from '../../shell/toast';

export function useRunNow(saved: Configure) {
  const request = useRequestUpdate();
  return {
    isPending: request.isPending,
    start: (mode: 'delta' | 'full') => {
      request.mutate(
        { mode },
        {
          onSuccess: (accepted) => {
            showToast({
              tone: 'good',
              title: `${mode === 'full' ? 'Full' : 'Delta'} update requested`,
              text: `${counted(accepted.request_ids.length || saved.queries.length, 'Job')} queued.`,
              link: { label: 'View in JOBS', href: '#/jobs' },
            });
          },
        },
      );
    },
  };
}
