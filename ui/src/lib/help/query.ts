/** TQL queries and what they ask for. */
import type { Entries, Schemas } from './topic';

export const change: Entries<Schemas['Change']> = {
  added: ['Added', 'New in the list.'],
  edited: ['Edited', 'Changed in a way that may change what it returns.'],
  enabled: ['Enabled', 'Takes part in updates again.'],
  disabled: ['Disabled', 'Stays in the list, but takes no part in updates.'],
  deleted: ['Deleted', 'No longer in the list.'],
  kept: ['Kept', 'Returns what it returned before; its position or name may differ.'],
};

export const sendsNothing: Entries<NonNullable<Schemas['QueryResult']['sends_nothing']>> = {
  covered: ['Covered', 'Higher queries return everything this query can return.'],
  measured: [
    'Measured',
    'Higher queries had everything that this query returned when it was last read as a whole.',
  ],
};

export const basis: Entries<Schemas['HigherQueries']['basis']> = {
  threatconnect: ['From ThreatConnect', 'Higher queries were run in ThreatConnect just now.'],
  ledger: ['From earlier updates', 'Counted from what higher queries returned in past updates.'],
};

export const direction: Entries<Schemas['SortDirection']> = {
  desc: ['Descending', 'Highest or newest first.'],
  asc: ['Ascending', 'Lowest or oldest first.'],
};

export const indicatorType: Entries<Schemas['IndicatorType']> = {
  Address: ['Address', 'An IPv4 or IPv6 address.'],
  ASN: ['ASN', 'The number of an autonomous system.'],
  CIDR: ['CIDR', 'A block of addresses.'],
  EmailAddress: ['Email Address', 'The address of a sender or recipient.'],
  'Email Subject': ['Email Subject', 'The subject line of an email.'],
  File: ['File', 'One object for each of its MD5, SHA-1 and SHA-256 hashes.'],
  Host: ['Host', 'A domain name.'],
  'Registry Key': ['Registry Key', 'A key of the Windows registry.'],
  URL: ['URL', 'A whole address on the web.'],
};
