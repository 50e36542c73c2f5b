/** What a lookup finds. */
import type { Entries, Schemas } from './topic';

export const verdict: Entries<Schemas['Verdict']> = {
  'in-sentinel': ['In Sentinel', 'Microsoft Sentinel has at least one active object for it.'],
  waiting: ['Sending', 'The running update is about to send it.'],
  refused: ['Refused', 'Microsoft Sentinel returned an error when it was last sent.'],
  expired: ['Expired', 'It was in Microsoft Sentinel, and its validity has ended.'],
  withdrawn: ['Withdrawn', 'It was in Microsoft Sentinel, and was marked as revoked.'],
  'to-be-sent': ['Not sent yet', 'A saved query returns it, and no update has sent it yet.'],
  withheld: ['Withheld', 'Held back by Highest TLP to Send or Never Send, or not active.'],
  'not-sent': [
    'Not sent',
    'ThreatConnect has it, but it has expired there, is invalid, or is of a type that is not sent.',
  ],
  'not-selected': ['Not selected', 'ThreatConnect has it, but no saved query returns it.'],
  unknown: [
    'Not in Sentinel',
    'ThreatConnect has no Indicator with this value in the owners this Service can read.',
  ],
  unchecked: [
    'Not checked',
    'It is not in Microsoft Sentinel. ThreatConnect is unavailable, so the reason is not known.',
  ],
  'not-understood': ['Not recognized', 'The text is no value of a type that is sent.'],
};

export const copy: Entries<Schemas['Fate']> = {
  chosen: ['Selected', 'The copy that is sent for this value.'],
  duplicate: [
    'Duplicate',
    'Another copy has precedence: that of a higher query, or one that was modified later.',
  ],
  withheld: ['Withheld', 'Held back by Highest TLP to Send or Never Send, or not active.'],
  expired: ['Expired', 'Its external expiry date has passed.'],
  unsupported: ['Unsupported', 'Microsoft Sentinel has no pattern for its type or hash.'],
  invalid: ['Invalid', 'A pattern made from its value could never match.'],
  'not-selected': ['Not selected', 'No TQL query returns it.'],
};

export const relation: Entries<Schemas['Relation']> = {
  host: ['Host', 'The host of the URL, or the domain of the email address.'],
  block: ['Block', 'An address block that contains it.'],
  parent: ['Parent domain', 'A domain that it belongs to.'],
  url: ['URL', 'A URL on this host or address.'],
  reading: ['Another reading', 'The same text, understood as another value.'],
};

export const sentState: Entries<Schemas['SentState']> = {
  live: ['In Sentinel', 'Active: Microsoft Sentinel has it, and its validity has not ended.'],
  expired: ['Expired', 'Its validity has ended. It is sent again while a query returns it.'],
  withdrawn: ['Withdrawn', 'Marked as revoked, so rules no longer use it.'],
};
