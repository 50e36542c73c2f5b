/** Names of ThreatConnect's v3 API as people write them. */
const labels = new Map([
  ['EmailAddress', 'Email Address'],
  ['Email Subject', 'Email Subject'],
  ['Registry Key', 'Registry Key'],
]);

export function typeLabel(name: string): string {
  return labels.get(name) ?? name;
}

/** A field of the v3 API in words: `threatAssessScore` is "Threat Assess Score". */
export function fieldLabel(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
