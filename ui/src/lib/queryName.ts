/** What people call a TQL query. */
import type { LabelScope, Query } from '../api/model';
import { indicatorTypes, typeLabel } from './label';

/** What a name is made of; the API makes labels of the same by the same rule. */
export type Nameable = Pick<Query, 'name' | 'tql' | 'owners' | 'indicator_types'>;

const LABEL_CHARS = 80;

/** Its name, else the beginning of its TQL, else the Indicators that it asks for. */
export function queryLabel(query: Nameable): string {
  const words = query.name ?? tqlWords(query) ?? `${scopeWords(query)} ${query.owners.join(', ')}`;
  return words.length > LABEL_CHARS ? `${words.slice(0, LABEL_CHARS - 1)}…` : words;
}

/** The TQL in one line; null for a query of everything. */
export function tqlWords({ tql }: Nameable): string | null {
  return tql.split(/\s+/).filter(Boolean).join(' ') || null;
}

/** `All Indicators in`, or `All Address, Host Indicators in`: the owners follow. */
export function scopeWords({ indicator_types: types }: LabelScope): string {
  const isAll = new Set(types).size === indicatorTypes.length;
  return isAll ? 'All Indicators in' : `All ${types.map(typeLabel).join(', ')} Indicators in`;
}

/** `2. Phishing hosts`, for what takes text alone, such as a list to choose from. */
export function numberedLabel(position: number, query: Nameable): string {
  return `${position + 1}. ${queryLabel(query)}`;
}
