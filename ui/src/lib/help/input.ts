/** Inputs of the Service, by the name that the platform has for each. */
import type { Topic } from './topic';

const ttlText = 'How long Microsoft Sentinel treats it as valid after it was sent, in hours.';
const ttl = (type: string) => [`TTL Hours - ${type}`, ttlText] as const;

export const inputs = {
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
  verify_interval_hours: [
    'Verify Interval Hours',
    'Hours between two comparisons of what Microsoft Sentinel holds with what was sent; 0 means never.',
  ],
  match_interval_hours: [
    'Match Interval Hours',
    'Hours between two readings of Microsoft Sentinel’s alerts, for the Indicators that they are about; 0 means never.',
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
    'Indicators with a stricter TLP label are withheld, and so are those whose label is not understood. Groups with one are not named.',
  ],
  never_send: [
    'Never Send',
    'Address blocks, domains and hashes that are withheld whatever a query returns.',
  ],
  context_objects: [
    'Context Objects',
    'What is sent besides Indicators: nothing, the owners as their authors, or also threat actors.',
  ],
  actor_group_types: [
    'Actor Group Types',
    'The types of Groups that are sent as threat actors: Adversary, Intrusion Set, Threat.',
  ],
  ui_access: ['UI Access', 'Who may use this page.'],
  admin_roles: [
    'Administrator Roles',
    'The ThreatConnect roles that count as administrators, where only these may use the page.',
  ],
  retention_days: ['Retention Days', 'Days that finished Jobs, errors and metrics are kept.'],
  login_url: ['Microsoft Login URL', 'Overrides the sign-in address of the Azure cloud.'],
  sentinel_url: ['Sentinel Upload URL', 'Overrides the upload address of the Azure cloud.'],
  logs_url: ['Log Analytics Query URL', 'Overrides the query address of the Azure cloud.'],
  notify: ['Notify', 'Who is notified in ThreatConnect when the Service needs attention.'],
} as const satisfies Topic['entries'];
