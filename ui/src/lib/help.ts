/** What the words of the page mean, said where they stand. Loaded when somebody asks. */
import type { components } from '../api/types.gen';

type Schemas = components['schemas'];
type Check = Schemas['CheckName'];

export interface Topic {
  /** What is true of all entries, or the whole explanation where there are none. */
  text: string;
  /** By the value of the API, or by the name of an input: its words on the page, what it means. */
  entries?: Readonly<Record<string, readonly [name: string, text: string]>>;
  /** Where the guide says more: a page of it and a place there, for example `operations.html#jobs`. */
  guide?: string;
}

type Entries<Value extends string> = Record<Value, readonly [name: string, text: string]>;

const jobStatus: Entries<Schemas['JobStatus']> = {
  Pending: ['Pending', 'Queued. Starts when the update before it has finished.'],
  'Download In Progress': ['Download In Progress', 'Reading Indicators from ThreatConnect.'],
  'Download Complete': [
    'Download Complete',
    'Everything was read. The last Indicators wait to be converted.',
  ],
  'Convert In Progress': [
    'Convert In Progress',
    'Choosing which copy of each value to send, and writing it as a STIX object.',
  ],
  'Convert Complete': ['Convert Complete', 'Every object is ready. The last ones wait to be sent.'],
  'Upload In Progress': [
    'Upload In Progress',
    'Sending objects to Microsoft Sentinel, at most 100 requests a minute.',
  ],
  'Upload Complete': [
    'Upload Complete',
    'Every Indicator has its outcome. Amber: some were refused or invalid, or there is a warning to read.',
  ],
  Failed: [
    'Failed',
    'The Job ended early; the details say why. Nothing is lost: the next update includes what was not sent. What a person chose to send or withdraw needs Retry.',
  ],
  Cancelled: ['Cancelled', 'Canceled by a person before it started. Nothing of it was sent.'],
};

const updateStatus: Entries<Schemas['UpdateState']> = {
  Pending: ['Pending', 'None of its Jobs has started.'],
  'In Progress': [
    'In Progress',
    'At least one of its Jobs has started, and not all have finished.',
  ],
  Complete: ['Complete', 'All of its Jobs have finished.'],
  Failed: ['Failed', 'At least one of its Jobs failed, and none is still running.'],
  Cancelled: ['Cancelled', 'All of its Jobs were canceled before they started.'],
};

const outcome: Entries<Schemas['Outcome']> = {
  sent: ['Sent', 'Microsoft Sentinel accepted it.'],
  unchanged: ['Unchanged', 'Already up to date in Microsoft Sentinel, so nothing was sent.'],
  duplicate: [
    'Duplicate',
    'The same value was sent from a higher query, or from a copy that was modified later.',
  ],
  withheld: [
    'Withheld',
    'Held back by Highest TLP to Send or Never Send, or not active in ThreatConnect.',
  ],
  expired: ['Expired', 'Its external expiry date in ThreatConnect has passed.'],
  withdrawn: ['Withdrawn', 'Marked as revoked in Microsoft Sentinel.'],
  unsupported: [
    'Unsupported',
    'A type that Microsoft Sentinel has no pattern for, or a File without an MD5, SHA-1 or SHA-256 hash.',
  ],
  invalid: [
    'Invalid',
    'Its value cannot be right, so a pattern made from it could never match. ERRORS says what is wrong.',
  ],
  refused: [
    'Refused',
    'Microsoft Sentinel returned an error. The next three delta or reconcile updates try again.',
  ],
  failed: [
    'Failed',
    'Not sent because the Job failed. The next update includes it, unless a person chose it: then use Retry.',
  ],
};

const mode: Entries<Schemas['Mode']> = {
  delta: [
    'Delta',
    'Reads what was modified since the last run of each query. This is what the schedule runs.',
  ],
  full: [
    'Full',
    'Reads everything the queries return and sends all of it again. Runs once after the first save, and on request.',
  ],
  reconcile: [
    'Reconcile',
    'Reads everything, but sends only what is new, changed, about to expire, or missing. Runs on its own interval.',
  ],
};

const jobType: Entries<Schemas['JobType']> = {
  scheduled: ['Scheduled', 'Queued by the schedule.'],
  'ad-hoc': ['Ad-hoc', 'Requested by a person. Scheduled Jobs that wait go first.'],
};

const task: Entries<Schemas['TaskSlug']> = {
  download: ['Download', 'Reads Indicators from ThreatConnect, page by page.'],
  convert: ['Convert', 'Decides which copy of a value is sent, and builds the STIX objects.'],
  upload: ['Upload', 'Sends the objects to Microsoft Sentinel, within the API limit.'],
  'schedule-updates': ['Schedule Updates', 'Queues an update when it is due.'],
  cleaner: [
    'Cleaner',
    'Removes finished Jobs, errors and metrics that are older than Retention Days.',
  ],
};

const taskState: Entries<Schemas['TaskCondition']> = {
  idle: ['Idle', 'Nothing to do. It looks for work again at the interval shown.'],
  running: [
    'Running',
    'At work. Its heartbeat shows how long ago it last made progress; without any until the timeout it is stopped.',
  ],
  finishing: ['Finishing', 'Paused by a person; the current work is being completed.'],
  paused: ['Paused', 'Starts nothing until it is resumed, also after a restart of the Service.'],
};

const taskGroup: Entries<Schemas['TaskGroup']> = {
  'Ingestion pipeline': [
    'Ingestion pipeline',
    'The way of an Indicator: read from ThreatConnect, converted, sent to Microsoft Sentinel.',
  ],
  Standalone: ['Standalone', 'What runs beside it: the schedule and the clean-up.'],
};

const check: Entries<Check> = {
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
  disk: ['Disk', 'The data folder can be written, and there is room.'],
};

const checkResult: Entries<Schemas['CheckStatus']> = {
  ok: ['Passed', 'It works now.'],
  failed: ['Failed', 'It does not work. The line says why, and what to do.'],
  skipped: ['Skipped', 'Not tested, because something it needs failed first.'],
};

const copy: Entries<Schemas['Fate']> = {
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

const verdict: Entries<Schemas['Verdict']> = {
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

const relation: Entries<Schemas['Relation']> = {
  host: ['Host', 'The host of the URL, or the domain of the email address.'],
  block: ['Block', 'An address block that contains it.'],
  parent: ['Parent domain', 'A domain that it belongs to.'],
  url: ['URL', 'A URL on this host or address.'],
  reading: ['Another reading', 'The same text, understood as another value.'],
};

const about: Entries<Schemas['About']> = {
  job: ['Job', 'The whole Job.'],
  indicator: ['Indicator', 'An Indicator that cannot be sent as it is in ThreatConnect.'],
  object: ['Object', 'An object that Microsoft Sentinel refused.'],
  withdrawal: ['Withdrawal', 'An object whose withdrawal Microsoft Sentinel refused.'],
};

const errorState: Entries<Schemas['ErrorState']> = {
  open: ['Open', 'Not solved yet. The details say whether it is tried again by itself.'],
  resolved: ['Resolved', 'What failed has succeeded since.'],
  superseded: ['Superseded', 'A later error says the same, or what it is about is gone.'],
};

const sendsNothing: Entries<NonNullable<Schemas['QueryResult']['sends_nothing']>> = {
  covered: ['Covered', 'Higher queries return everything this query can return.'],
  measured: [
    'Measured',
    'Higher queries had everything that this query returned when it was last read as a whole.',
  ],
};

const sentState: Entries<Schemas['SentState']> = {
  live: ['In Sentinel', 'Active: Microsoft Sentinel has it, and its validity has not ended.'],
  expired: ['Expired', 'Its validity has ended. It is sent again while a query returns it.'],
  withdrawn: ['Withdrawn', 'Marked as revoked, so rules no longer use it.'],
};

const scope: Entries<Schemas['Scope']> = {
  whole: ['Whole', 'Reads what its queries return.'],
  refused: ['Refused', 'Sends again what Microsoft Sentinel refused.'],
  send: ['Send now', 'Sends the values that a person chose.'],
  withdraw: ['Withdraw', 'Withdraws what a person chose.'],
};

const change: Entries<Schemas['Change']> = {
  added: ['Added', 'New in the list.'],
  edited: ['Edited', 'Changed in a way that may change what it returns.'],
  enabled: ['Enabled', 'Takes part in updates again.'],
  disabled: ['Disabled', 'Stays in the list, but takes no part in updates.'],
  deleted: ['Deleted', 'No longer in the list.'],
  kept: ['Kept', 'Returns what it returned before; its position or name may differ.'],
};

const health: Entries<Schemas['HealthState']> = {
  healthy: ['Healthy', 'No open problems.'],
  degraded: ['Degraded', 'Something keeps the Service from its work, or needs your attention.'],
  decision: ['Needs your decision', 'Something waits until you decide.'],
};

const system: Entries<Schemas['System']> = {
  ThreatConnect: ['ThreatConnect', 'Where Indicators are read.'],
  'Microsoft Entra ID': ['Microsoft Entra ID', 'Where the application gets its access token.'],
  'Microsoft Sentinel': ['Microsoft Sentinel', 'Where Indicators are sent.'],
};

const basis: Entries<Schemas['HigherQueries']['basis']> = {
  threatconnect: ['From ThreatConnect', 'Higher queries were run in ThreatConnect just now.'],
  ledger: ['From earlier updates', 'Counted from what higher queries returned in past updates.'],
};

const direction: Entries<Schemas['SortDirection']> = {
  desc: ['Descending', 'Highest or newest first.'],
  asc: ['Ascending', 'Lowest or oldest first.'],
};

const indicatorType: Entries<Schemas['IndicatorType']> = {
  Address: ['Address', 'An IPv4 or IPv6 address.'],
  ASN: ['ASN', 'The number of an autonomous system.'],
  CIDR: ['CIDR', 'A block of addresses.'],
  EmailAddress: ['Email Address', 'The address of a sender or recipient.'],
  'Email Subject': ['Email Subject', 'The subject line of an e-mail message.'],
  File: ['File', 'One object for each of its MD5, SHA-1 and SHA-256 hashes.'],
  Host: ['Host', 'A domain name.'],
  'Registry Key': ['Registry Key', 'A key of the Windows registry.'],
  URL: ['URL', 'A whole address on the web.'],
};

const ttlText = 'How long Microsoft Sentinel treats it as valid after it was sent, in hours.';
const ttl = (type: string) => [`TTL Hours - ${type}`, ttlText] as const;

const inputs = {
  client_id: ['Client ID', 'The Application (client) ID registered in Microsoft Entra ID.'],
  client_secret: [
    'Client Secret',
    'The value of a client secret of that application, or a PEM with its private key and certificate.',
  ],
  tenant_id: ['Tenant ID', 'The Microsoft Entra ID tenant the application is registered in.'],
  workspace_id: [
    'Sentinel Workspace ID',
    'The ID of the Log Analytics workspace that Microsoft Sentinel uses. The page shows its last four characters.',
  ],
  sentinel_source_name: [
    'Sentinel Source Name',
    'Indicators are stored in Microsoft Sentinel under ThreatConnect- and this name.',
  ],
  threatconnect_access_id: [
    'ThreatConnect Access ID',
    'The API user the App reads as. It decides which owners can be queried.',
  ],
  threatconnect_secret_key: ['ThreatConnect Secret Key', 'The secret key of that API user.'],
  schedule_interval_hours: [
    'Schedule Interval Hours',
    'Hours between two scheduled delta updates.',
  ],
  ttl_hours_address: ttl('Address'),
  ttl_hours_asn: ttl('ASN'),
  ttl_hours_cidr: ttl('CIDR'),
  ttl_hours_email_address: ttl('Email Address'),
  ttl_hours_email_subject: ttl('Email Subject'),
  ttl_hours_file: ttl('File'),
  ttl_hours_host: ttl('Host'),
  ttl_hours_registry_key: ttl('Registry Key'),
  ttl_hours_url: ttl('URL'),
  azure_cloud: ['Azure Cloud', 'The Microsoft cloud the workspace is in.'],
  reconcile_interval_hours: [
    'Reconcile Interval Hours',
    'Hours between two scheduled reconcile updates; 0 means never.',
  ],
  withdraw_indicators: [
    'Withdraw Indicators',
    'Which Indicators are withdrawn: none, those deleted in ThreatConnect, or also those no query returns any more.',
  ],
  withdraw_limit_percent: [
    'Withdraw Limit Percent',
    'An update that would withdraw a larger share of all objects, and more than 100, withdraws none until a person confirms.',
  ],
  requests_per_minute: [
    'Requests per Minute',
    'The API limit: upload requests in any 60 seconds, each with up to 100 objects.',
  ],
  pattern_style: [
    'Pattern Style',
    'Whether patterns write values as ThreatConnect has them, or as logs write them.',
  ],
  max_tlp: [
    'Highest TLP to Send',
    'Indicators with a stricter TLP label are withheld, and so are those whose label is not understood.',
  ],
  never_send: [
    'Never Send',
    'Address blocks, domains and hashes that are withheld whatever a query returns.',
  ],
  ui_access: ['UI Access', 'Who may use this page.'],
  admin_roles: [
    'Administrator Roles',
    'The ThreatConnect roles that count as administrators, where only these may use the page.',
  ],
  retention_days: ['Retention Days', 'Days that finished Jobs, errors and metrics are kept.'],
  login_url: ['Microsoft Login URL', 'Overrides the sign-in address of the Azure cloud.'],
  sentinel_url: ['Sentinel Upload URL', 'Overrides the upload address of the Azure cloud.'],
  notify: ['Notify', 'Who is notified in ThreatConnect when the Service needs attention.'],
} as const satisfies Topic['entries'];

const precedence =
  'Queries are in order, highest first. If several return the same value, the copy of the highest one is sent; ' +
  'within one query, the copy that was modified last.';

/** By the name that the button has: "Help: Job status". */
export const topics = {
  'Job status': { text: 'How far a Job has come.', entries: jobStatus },
  'Update status': { text: 'How far an update has come.', entries: updateStatus },
  Outcome: {
    text: 'Every Indicator that a Job reads ends in exactly one outcome. Together they add up to what was read.',
    entries: outcome,
    guide: 'glossary.html#outcomes',
  },
  Update: {
    text: 'An update runs all saved queries, or the ones you choose, one Job for each.',
    entries: mode,
    guide: 'operations.html#what-happens-by-itself',
  },
  'Job type': { text: 'Why a Job was queued.', entries: jobType },
  Task: {
    text: 'The background activities of the Service.',
    entries: task,
    guide: 'operations.html#jobs-and-tasks-in-your-hands',
  },
  'Task state': { text: 'What a Task does now.', entries: taskState },
  'Task group': { text: 'Tasks come in two groups.', entries: taskGroup },
  Check: {
    text: 'Run check tests everything the Service depends on. It sends nothing.',
    entries: check,
  },
  'Check result': { text: 'What a check can end in.', entries: checkResult },
  Copy: {
    text: 'A value may be in several owners, and several queries may return it. One copy is sent.',
    entries: copy,
  },
  Verdict: {
    text: 'Whether Microsoft Sentinel has the value, and if not, why.',
    entries: verdict,
  },
  Scope: { text: 'What an update is about.', entries: scope },
  'Query change': { text: 'What a save does to a query.', entries: change },
  'Error about': { text: 'What an error is about.', entries: about },
  'Error state': {
    text: 'Whether an error still needs attention.',
    entries: errorState,
  },
  'Sends nothing': {
    text: 'A query that sends nothing: everything it returns is sent from higher queries.',
    entries: sendsNothing,
  },
  Relation: { text: 'How the value below is related to the one above.', entries: relation },
  'State in Sentinel': { text: 'What Microsoft Sentinel has of a value.', entries: sentState },
  Health: { text: 'Whether the Service can do its work.', entries: health },
  System: { text: 'What the Service depends on.', entries: system },
  'Basis of overlap': { text: 'Where the numbers come from.', entries: basis },
  'Sort direction': {
    text: 'Decides which Indicators are sent first, for example while the API limit makes others wait.',
    entries: direction,
  },
  'Sort field': {
    text: 'The order in which Indicators of this query are sent. It decides what arrives first, not what is sent.',
  },
  'Indicator type': {
    text: 'The nine types that Microsoft Sentinel can use.',
    entries: indicatorType,
    guide: 'mapping.html',
  },
  Input: {
    text: 'Set on the Services screen of ThreatConnect. A change takes effect when the Service restarts.',
    entries: inputs,
    guide: 'install.html#inputs',
  },
  TQL: {
    text:
      'ThreatConnect Query Language narrows what the owners and types return. Leave it empty to include every Indicator ' +
      'of these types. Example: rating >= 3 and confidence > 50. Press Ctrl+Space for suggestions.',
  },
  Precedence: { text: precedence, guide: 'operations.html' },
  Overlap: {
    text:
      'How much of what this query returns is sent from higher queries instead. A query whose every Indicator is sent ' +
      'from higher ones sends nothing itself.',
  },
  'API limit': {
    text:
      'Microsoft Sentinel accepts 100 upload requests a minute for each application, each with up to 100 objects. ' +
      'When the limit is reached, sending resumes by itself.',
    guide: 'operations.html#sizing',
  },
  'Objects and Indicators': {
    text:
      'An Indicator is one value in one owner of ThreatConnect. An object is what Microsoft Sentinel stores: one for each ' +
      'value, and for a File one for each of its hashes.',
  },
  Withdraw: {
    text:
      'Marks objects as revoked in Microsoft Sentinel when their Indicator was deleted or is no longer selected. ' +
      'If an update would withdraw too many at once, it withdraws none and asks for your decision.',
    guide: 'operations.html#withdrawing',
  },
} as const satisfies Record<string, Topic>;

export type TopicName = keyof typeof topics;
