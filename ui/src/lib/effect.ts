/** The effect of a save in words. All numbers of objects are estimates. */
import type { Effect } from '../api/model';
import { capitalized, counted, formatCount } from './number';
import { formatSpan } from './time';

/** `About 1,240 objects more, 97 fewer; about 13 min at the API limit.` */
export function effectWords(effect: Effect): string {
  const { objects_more: more, objects_fewer: fewer } = effect;
  const isAtLeast = !effect.is_complete;
  if (more === 0 && fewer === 0) {
    return isAtLeast
      ? 'Not every query could be counted; nothing else changes in Sentinel.'
      : 'The objects in Sentinel stay the same.';
  }
  const about = isAtLeast ? 'at least about ' : 'about ';
  const parts = [
    more > 0 ? `${counted(more, 'object')} more` : '',
    fewer > 0
      ? more > 0
        ? `${formatCount(fewer)} fewer`
        : `${counted(fewer, 'object')} fewer`
      : '',
  ].filter(Boolean);
  const time = more > 0 ? `; about ${formatSpan(effect.seconds_more)} at the API limit` : '';
  return `${capitalized(about + parts.join(', '))}${time}.`;
}

/** `A full update sends about 28,000 objects, about 3 min at the API limit.`, where it is known. */
export function fullWords({ objects_full: objects, seconds_full: seconds }: Effect): string | null {
  if (objects === null || seconds === null) return null;
  return `A full update sends about ${counted(objects, 'object')}, about ${formatSpan(seconds)} at the API limit.`;
}

/** The effect where what these deleted queries leave is withdrawn, and does not stay. */
export function withdrawn(effect: Effect, ids: readonly string[]): Effect {
  const objects = effect.queries
    .filter(({ query_id: id }) => id !== null && ids.includes(id))
    .reduce((total, { objects_staying: staying }) => total + staying, 0);
  return {
    ...effect,
    objects_fewer: effect.objects_fewer + objects,
    objects_staying: effect.objects_staying - objects,
  };
}
