/** What is sent of owners and threat actors behind the Indicators. */
import type { Entries, Schemas } from './topic';

export const contextState: Entries<Schemas['ContextState']> = {
  live: ['In Sentinel', 'Microsoft Sentinel has it.'],
  waiting: ['Waiting', 'It waits to be sent, after the Indicators.'],
  refused: [
    'Refused',
    'Microsoft Sentinel refuses its newest version; it may still have the one before.',
  ],
  unwanted: [
    'To be withdrawn',
    'Nothing stands for it any more; it is withdrawn after the next complete reading of everything.',
  ],
  withdrawn: ['Withdrawn', 'It was marked as revoked; if it comes back, it gets a new ID.'],
};

export const contextKind: Entries<Schemas['ContextCount']['kind']> = {
  identity: ['Owner identity', 'An owner of ThreatConnect, named as the author of its Indicators.'],
  actor: ['Threat actor', 'All Groups with one MITRE ID, or else one name, in whatever owners.'],
  relationship: [
    'Relationship',
    'Says that an Indicator indicates a threat actor; one for each object of the Indicator.',
  ],
};

export const contextChoice: Entries<Schemas['ContextChoice']> = {
  None: ['None', 'Only Indicators are sent.'],
  'Owner identities': ['Owner identities', 'The owners of what is sent follow as its authors.'],
  'Owner identities and threat actors': [
    'Owner identities and threat actors',
    'Groups of the chosen types follow as well, related to their Indicators.',
  ],
};

export const actorGroupType: Entries<Schemas['ActorGroupType']> = {
  Adversary: ['Adversary', 'A Group of this type is a threat actor.'],
  'Intrusion Set': ['Intrusion Set', 'A Group of this type is a threat actor.'],
  Threat: ['Threat', 'A Group of this type is a threat actor.'],
};

export const tlp: Entries<Schemas['Tlp']> = {
  'TLP:CLEAR': ['TLP:CLEAR', 'May be shared with anybody.'],
  'TLP:GREEN': ['TLP:GREEN', 'May be shared within the community.'],
  'TLP:AMBER': ['TLP:AMBER', 'May be shared within the organization and with its clients.'],
  'TLP:AMBER+STRICT': ['TLP:AMBER+STRICT', 'May be shared within the organization alone.'],
  'TLP:RED': ['TLP:RED', 'For named recipients alone.'],
};
