/** What a Sort Field and its direction mean for the order in which Indicators are sent. */
import type { Query } from '../api/model';

type Direction = Query['sort_direction'];

const dates = new Set(['dateAdded', 'lastModified']);
const figures = new Set(['confidence', 'rating', 'threatAssessScore']);

/** The direction that sends the most important ones first. */
export function firstDirection(field: string): Direction {
  return dates.has(field) || figures.has(field) ? 'desc' : 'asc';
}

export function directionLabel(direction: Direction): string {
  return direction === 'desc' ? 'Descending' : 'Ascending';
}

/** Which Indicators are sent first: `Highest first`, `Newest first`, `A to Z`. */
export function orderWords(field: string, direction: Direction): string {
  const isDescending = direction === 'desc';
  if (dates.has(field)) return isDescending ? 'Newest first' : 'Oldest first';
  if (figures.has(field) || field === 'id') return isDescending ? 'Highest first' : 'Lowest first';
  return isDescending ? 'Z to A' : 'A to Z';
}
