/** The state of the Service and its open problems, for the eye. */
import type { Condition, HealthReport } from '../api/model';
import { counted } from './number';
import { formatHash } from './route';
import type { Tone } from './status';

interface Face {
  label: string;
  tone: Tone;
  icon: 'check' | 'warning' | 'question';
}

const faces: Record<HealthReport['status'], Face> = {
  healthy: { label: 'Healthy', tone: 'good', icon: 'check' },
  degraded: { label: 'Degraded', tone: 'warning', icon: 'warning' },
  decision: { label: 'Needs your decision', tone: 'active', icon: 'question' },
};

export function healthFace(status: HealthReport['status']): Face {
  return faces[status];
}

const marks = {
  decision: { tone: 'active', icon: 'question' },
  error: { tone: 'bad', icon: 'alert' },
  warning: { tone: 'warning', icon: 'warning' },
} as const;

export function conditionMark({ severity }: Condition): (typeof marks)[keyof typeof marks] {
  return marks[severity];
}

/** What tells a problem from the others of the same code. */
export function conditionKey({ code, link, title }: Condition): string {
  return `${code} ${new URLSearchParams(link.params).toString()} ${title}`;
}

/** Where a problem is solved. */
export function conditionLink({ code, link }: Condition): { href: string; label: string } {
  const href = formatHash(link.screen, new URLSearchParams(link.params));
  if (code.endsWith('withdrawal-waiting')) return { href, label: 'Review withdrawal' };
  if (link.screen === 'dashboard') return { href, label: 'View Health' };
  return { href, label: `View in ${link.screen.toUpperCase()}` };
}

/** The Task that a button can resume; null where the problem is another one. */
export function pausedTask({ code, link }: Condition): string | null {
  return code === 'task-paused' ? (link.params.task ?? null) : null;
}

export interface Badge {
  count: number;
  tone: Tone;
  words: string;
}

/** What the navigation shows beside a screen; null where nothing is to be solved there. */
export function badgeOf(conditions: readonly Condition[], screen: string): Badge | null {
  // The worst comes first.
  const own = conditions.filter(({ link }) => link.screen === screen);
  const first = own[0];
  if (first === undefined) return null;
  return {
    count: own.length,
    tone: conditionMark(first).tone,
    words: counted(own.length, 'open problem'),
  };
}

/** What is read out when the problems change; the same words are not read twice. */
export function spoken({ status, conditions }: HealthReport): string {
  const first = conditions[0];
  if (first === undefined) return '';
  const others = conditions.length - 1;
  const more = others === 0 ? '' : ` ${counted(others, 'more problem')}.`;
  return `${faces[status].label}: ${first.title}.${more}`;
}

/** One sentence under the state: what it means for the work; before a check, also that there is one. */
export function stateWords({ status, conditions }: HealthReport, isChecked = false): string {
  if (status === 'healthy') {
    return `No open problems.${isChecked ? '' : ' Run a check to test every connection.'}`;
  }
  if (conditions.some(({ severity }) => severity === 'error')) {
    return "The Service can't send Indicators, or not all of them.";
  }
  return status === 'decision'
    ? 'Something waits until you decide.'
    : 'Indicators are sent, but something needs your attention.';
}
