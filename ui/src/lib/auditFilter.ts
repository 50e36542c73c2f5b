/** The filters of AUDIT as the address has them. */
import { idOf } from './identifier';
import { isRangeSet, rangeOf, type Range } from './range';

export interface AuditFilter {
  /** The API's name of what was done, or empty. */
  action: string;
  /** A part of a user's name. */
  user: string;
  queryId: string;
  updateId: string;
  range: Range;
}

/** What may stand in the name of a user that is looked for. */
export function cleanUser(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N}_.@ -]/gu, '').slice(0, 64);
}

/** Reads the filters; what is not understood counts as not chosen. */
export function auditFilterOf(params: URLSearchParams): AuditFilter {
  const action = params.get('action') ?? '';
  return {
    action: /^[a-z-]{1,64}$/.test(action) ? action : '',
    user: cleanUser(params.get('user') ?? ''),
    queryId: idOf(params.get('query_id')),
    updateId: idOf(params.get('update_id')),
    range: rangeOf(params),
  };
}

export function isAuditFiltered(filter: AuditFilter): boolean {
  const { range, ...words } = filter;
  return isRangeSet(range) || Object.values(words).some((word) => word !== '');
}
