/** Tasks of the Service. */
import type { Entries, Schemas } from './topic';

export const task: Entries<Schemas['TaskSlug']> = {
  download: ['Download', 'Reads Indicators from ThreatConnect, page by page.'],
  convert: ['Convert', 'Decides which copy of a value is sent, and builds the STIX objects.'],
  upload: ['Upload', 'Sends the objects to Microsoft Sentinel, within the API limit.'],
  'schedule-updates': ['Schedule Updates', 'Queues an update when it is due.'],
  verify: [
    'Verify',
    'Compares what Microsoft Sentinel has with what was sent. It changes nothing.',
  ],
  match: [
    'Match',
    'Reads the alerts of Microsoft Sentinel and finds the Indicators that they are about.',
  ],
  context: ['Context', 'Sends the owners and threat actors behind the Indicators, after these.'],
  cleaner: [
    'Cleaner',
    'Removes finished Jobs, errors and metrics that are older than Retention Days.',
  ],
};

export const taskState: Entries<Schemas['TaskCondition']> = {
  idle: ['Idle', 'Nothing to do. It looks for work again at the interval shown.'],
  running: [
    'Running',
    'At work. Its heartbeat shows how long ago it last made progress; without any until the timeout it is stopped.',
  ],
  finishing: ['Finishing', 'Paused by a person; the current work is being completed.'],
  paused: ['Paused', 'Starts nothing until it is resumed, also after a restart of the Service.'],
};

export const taskGroup: Entries<Schemas['TaskGroup']> = {
  'Ingestion pipeline': [
    'Ingestion pipeline',
    'The way of an Indicator: read from ThreatConnect, converted, sent to Microsoft Sentinel.',
  ],
  Standalone: [
    'Standalone',
    'What runs beside it: the schedule, reading back from Microsoft Sentinel, and the clean-up.',
  ],
};
