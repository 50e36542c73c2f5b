/** How much an update still has to do, and whether anything holds it up. */
import type { MetricSummary, UpdateFigures } from '../api/model';
import { outcomeKeys } from './outcome';

/** How many Indicators of an update have their outcome. */
export function settledOf({ figures }: UpdateFigures): number {
  return outcomeKeys.reduce((sum, name) => sum + figures[name], 0);
}

/** Whether anything waits or is under way. */
export function isBusy({ running, backlog }: MetricSummary): boolean {
  return running !== null || backlog.updates > 0 || backlog.indicators > 0 || backlog.objects > 0;
}

/** The paused Tasks that hold an update up; without Schedule Updates one still runs to its end. */
export function stagePauses({ pauses }: MetricSummary): MetricSummary['pauses'] {
  return pauses.filter((pause) => pause.task !== 'schedule-updates');
}
