/** Names of ThreatConnect's v3 API as people write them. */
import type { IndicatorType } from '../api/model';

const types = new Map([['EmailAddress', 'Email Address']]);

/** All types that can be sent, in the order of their words. */
export const indicatorTypes: readonly IndicatorType[] = [
  'ASN',
  'Address',
  'CIDR',
  'EmailAddress',
  'Email Subject',
  'File',
  'Host',
  'Registry Key',
  'URL',
];

/** The fields to sort by, where their words are not those of the name. */
const fields = new Map([
  ['id', 'ID'],
  ['rating', 'Threat Rating'],
  ['threatAssessScore', 'ThreatAssess Score'],
  ['typeName', 'Indicator Type'],
]);

export function typeLabel(name: string): string {
  return types.get(name) ?? name;
}

/** The type as it may stand in an address: `email-address`. */
export function typeSlug(name: string): string {
  return typeLabel(name).toLowerCase().replaceAll(' ', '-');
}

/** A field in words: `lastModified` is "Last Modified". */
export function fieldLabel(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2');
  return fields.get(name) ?? words.charAt(0).toUpperCase() + words.slice(1);
}
