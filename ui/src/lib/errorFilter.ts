/** The filters of REPORTS, ERRORS as the address has them. */
import type { ErrorFilter } from '../api/report';
import { indicatorTypes, typeSlug } from './label';

/** Reads the filters; what is not understood counts as not chosen. */
export function errorFilterOf(params: URLSearchParams): ErrorFilter {
  const type = params.get('indicator_type');
  return {
    requestId: (params.get('request_id') ?? '').replace(/[^A-Za-z0-9-]/g, '').slice(0, 64),
    code: (params.get('code') ?? '').replace(/[^A-Za-z0-9-]/g, '').slice(0, 32),
    indicatorType: indicatorTypes.find((known) => typeSlug(known) === type) ?? '',
    after: moment(params.get('after')),
    before: moment(params.get('before')),
  };
}

/** `2026-03-09T16:05:06Z`, or nothing. */
function moment(text: string | null): string {
  const isOne = text !== null && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text);
  return isOne && !Number.isNaN(new Date(text).getTime()) ? text : '';
}

export function isErrorFiltered(filter: ErrorFilter): boolean {
  return Object.values(filter).some((value) => value !== '');
}
