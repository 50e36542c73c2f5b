/** The Service itself, what it depends on, and the checks of that. */
import type { Entries, Schemas } from './topic';

export const health: Entries<Schemas['HealthState']> = {
  healthy: ['Healthy', 'No open problems.'],
  degraded: ['Degraded', 'Something keeps the Service from its work, or needs your attention.'],
  decision: ['Needs your decision', 'Something waits until you decide.'],
};

export const system: Entries<Schemas['System']> = {
  ThreatConnect: ['ThreatConnect', 'Where Indicators are read.'],
  'Microsoft Entra ID': ['Microsoft Entra ID', 'Where the application gets its access token.'],
  'Microsoft Sentinel': ['Microsoft Sentinel', 'Where Indicators are sent.'],
  'Log Analytics': ['Log Analytics', 'Where the tables of the workspace are read back.'],
};

export const check: Entries<Schemas['CheckName']> = {
  threatconnect: ['ThreatConnect', 'The ThreatConnect API answers.'],
  'sign-in': ['Sign-in to ThreatConnect', 'The Access ID and Secret Key are accepted.'],
  owners: ['Owners', 'The API user can read every owner the queries name.'],
  paging: [
    'Paging',
    'ThreatConnect can be read by ID. If not, reading takes longer, but nothing is left out.',
  ],
  clock: ['Clock', 'The clock of the App’s host agrees with ThreatConnect’s.'],
  token: ['Access token', 'Microsoft Entra ID issues a token for the application.'],
  workspace: [
    'Sentinel workspace',
    'The workspace exists, and the application may write to it. Nothing is sent.',
  ],
  'read-back': [
    'Read back',
    'The application can query the workspace. If not, everything is sent all the same.',
  ],
  disk: ['Disk', 'The data folder can be written, and there is room.'],
};

export const checkResult: Entries<Schemas['CheckStatus']> = {
  ok: ['Passed', 'It works now.'],
  failed: ['Failed', 'It does not work. The line says why, and what to do.'],
  warning: ['Warning', 'It does not work, but nothing that is sent depends on it.'],
  skipped: ['Skipped', 'Not tested: something it needs failed first, or it is switched off.'],
};
