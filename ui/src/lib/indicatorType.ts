/** The nine Indicator types as people write them; the API spells them as ThreatConnect's v3 API does. */
const labels = new Map([
  ['EmailAddress', 'Email Address'],
  ['Email Subject', 'Email Subject'],
  ['Registry Key', 'Registry Key'],
]);

export function typeLabel(name: string): string {
  return labels.get(name) ?? name;
}
