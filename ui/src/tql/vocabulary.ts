/**
 * The words of TQL: fields by the kind of object they belong to, their operators, their values.
 *
 * The fields of Indicators come from ThreatConnect itself where it gives them; the lists here serve
 * where it does not, and within sub-queries. Source: the filters of the v3 API, TcEx 5.0.0.
 */
import type { Options } from '../api/model';
import { typeLabel } from '../lib/label';

/** What a field may be compared with. */
export type FieldKind = 'text' | 'number' | 'date' | 'boolean' | 'block' | 'nested';

export interface Field {
  name: string;
  kind: FieldKind;
  description: string;
}

/** The kinds of objects that conditions can be about. */
export type ObjectKind = 'indicator' | 'tag' | 'attribute' | 'group' | 'label' | 'other';

export interface Value {
  /** The value itself. */
  text: string;
  detail: string;
}

export interface Vocabulary {
  fields: Record<ObjectKind, readonly Field[]>;
  /** Values of the fields of which they are known. */
  valuesOf: (object: ObjectKind, field: string) => readonly Value[];
}

/** What the condition in the brackets of a sub-query is about. */
const nestedObjects: Record<string, ObjectKind> = {
  hastag: 'tag',
  hasalltags: 'tag',
  hasattribute: 'attribute',
  hasgroup: 'group',
  hassecuritylabel: 'label',
  hasindicator: 'indicator',
};

export function nestedObjectOf(name: string): ObjectKind {
  return nestedObjects[name.toLowerCase()] ?? 'other';
}

const kindsByType: Record<string, FieldKind> = {
  biginteger: 'number',
  boolean: 'boolean',
  date: 'date',
  datetime: 'date',
  double: 'number',
  enumtointeger: 'number',
  integer: 'number',
  long: 'number',
  stringcidr: 'block',
};

/** The platform's name of a type as what a field may be compared with. */
export function fieldKindOf(name: string, type: string): FieldKind {
  const kind = kindsByType[type.toLowerCase()];
  if (kind !== undefined) return kind;
  return /^has[A-Z]/.test(name) ? 'nested' : 'text';
}

const comparisons = ['=', '!=', '>', '>=', '<', '<='];
const nullTests = ['IS NULL', 'IS NOT NULL'];
const textTests = ['CONTAINS', 'STARTSWITH', 'ENDSWITH', 'LIKE', 'IN'];

const operatorsByKind: Record<FieldKind, readonly string[]> = {
  text: ['=', '!=', ...textTests, ...textTests.map((word) => `NOT ${word}`), ...nullTests],
  number: ['>=', '<=', '=', '!=', '>', '<', 'IN', 'NOT IN', ...nullTests],
  date: ['>=', '<', '>', '<=', '=', '!=', ...nullTests],
  boolean: ['=', '!='],
  block: ['IN', 'NOT IN', '=', '!=', ...nullTests],
  nested: [],
};

/** Operators that go with a field, the usual ones first; all of them for an unknown field. */
export function operatorsOf(field: Field | null): readonly string[] {
  if (field !== null) return operatorsByKind[field.kind];
  return [...comparisons, ...textTests, ...textTests.map((word) => `NOT ${word}`), ...nullTests];
}

const operatorWords: Record<string, string> = {
  '=': 'equal',
  '!=': 'not equal',
  '>': 'greater, or later',
  '>=': 'greater or equal',
  '<': 'less, or earlier',
  '<=': 'less or equal',
  CONTAINS: 'has this text in it',
  STARTSWITH: 'begins with this text',
  ENDSWITH: 'ends with this text',
  LIKE: 'fits this text, with % for anything',
  IN: 'is one of a list',
  'IS NULL': 'has no value',
  'IS NOT NULL': 'has a value',
};

export function operatorDetail(operator: string): string {
  const words = operatorWords[operator];
  if (words !== undefined) return words;
  return operator.startsWith('NOT ') ? `not: ${operatorWords[operator.slice(4)] ?? ''}` : '';
}

function fieldsOf(kind: FieldKind, names: string): Field[] {
  return names.split(' ').map((name) => ({ name, kind, description: '' }));
}

const indicatorFields: readonly Field[] = [
  ...fieldsOf(
    'number',
    'abuseIpdbConfidenceScore addressAsn addressIpVal associatedGroup calScore commonId ' +
      'confidence dtMalwareScore dtOverallScore dtPhishingScore dtSpamScore falsePositiveCount ' +
      'fileSize hasCustomAssociation id observationCount owner rating riskIqReputationScore ' +
      'sameNameAs tagOwner threatAssessScore type vtMaliciousCount',
  ),
  ...fieldsOf(
    'boolean',
    'activeLocked addressIsIpv6 dtStatus hostDnsActive hostWhoisActive indicatorActive',
  ),
  ...fieldsOf(
    'text',
    'addressCity addressCountryCode addressCountryName addressRegisteringOrg addressState ' +
      'addressTimezone attackTag description ownerName riskIqClassification securityLabel ' +
      'source summary tag tagOwnerName typeName value1 value2 value3',
  ),
  ...fieldsOf('block', 'addressCidr'),
  ...fieldsOf(
    'date',
    'dateAdded dtLastUpdated externalDateAdded externalDateExpires externalLastModified ' +
      'firstSeen lastFalsePositive lastModified lastObserved lastSeen vtLastUpdated',
  ),
  ...fieldsOf(
    'nested',
    'hasAllTags hasArtifact hasAttribute hasCase hasGroup hasIndicator hasIntelRequirement ' +
      'hasSecurityLabel hasTag hasVictim hasVictimAsset',
  ),
];

const nestedFields: Omit<Record<ObjectKind, readonly Field[]>, 'indicator'> = {
  tag: [
    ...fieldsOf('text', 'description name ownerName summary techniqueId'),
    ...fieldsOf('number', 'associatedGroup associatedIndicator id owner'),
    ...fieldsOf('date', 'lastUsed'),
    ...fieldsOf('nested', 'hasGroup hasIndicator'),
  ],
  attribute: [
    ...fieldsOf('text', 'ownerName shortText source text typeName user'),
    ...fieldsOf('number', 'id intVal owner type'),
    ...fieldsOf('boolean', 'default displayed pinned'),
    ...fieldsOf('date', 'dateAdded dateVal lastModified'),
    ...fieldsOf('nested', 'hasSecurityLabel'),
  ],
  group: [
    ...fieldsOf('text', 'attackTag createdBy ownerName securityLabel status summary tag typeName'),
    ...fieldsOf('number', 'downvoteCount id owner type upvoteCount'),
    ...fieldsOf('date', 'dateAdded eventDate firstSeen lastModified lastSeen publishDate'),
    ...fieldsOf('nested', 'hasAttribute hasGroup hasIndicator hasSecurityLabel hasTag'),
  ],
  label: [
    ...fieldsOf('text', 'color description name ownerName summary'),
    ...fieldsOf('number', 'id owner'),
    ...fieldsOf('date', 'dateAdded'),
  ],
  other: [...fieldsOf('text', 'ownerName summary'), ...fieldsOf('number', 'id owner')],
};

function valuesOf(detail: string, ...texts: string[]): Value[] {
  return texts.map((text) => ({ text, detail }));
}

const securityLabels = valuesOf(
  'security label',
  ...['TLP:RED', 'TLP:AMBER+STRICT', 'TLP:AMBER', 'TLP:GREEN', 'TLP:CLEAR', 'TLP:WHITE'],
);
const groupTypes = valuesOf(
  'Group type',
  ...['Adversary', 'Attack Pattern', 'Campaign', 'Course of Action', 'Document', 'Email', 'Event'],
  ...['Incident', 'Intrusion Set', 'Malware', 'Report', 'Signature', 'Tactic', 'Task', 'Threat'],
  ...['Tool', 'Vulnerability'],
);
/** Those that the App itself reads; each ThreatConnect has many more. */
const attributeTypes = valuesOf(
  'attribute type',
  ...['Description', 'First Seen', 'Last Seen', 'Phase of Intrusion', 'Source'],
);

/** What is known of this ThreatConnect; without its options, what holds for every one. */
export function vocabularyOf(options: Options | undefined): Vocabulary {
  const told = (options?.tql_keywords ?? []).map(({ name, type, description }) => ({
    name,
    kind: fieldKindOf(name, type),
    description,
  }));
  const owners = (options?.owners ?? []).map(({ name, type }) => ({ text: name, detail: type }));
  const types = (options?.indicator_types ?? []).map(({ name }) => ({
    text: name,
    detail: typeLabel(name) === name ? '' : typeLabel(name),
  }));
  const values: Record<string, readonly Value[]> = {
    'indicator.typename': types,
    'indicator.securitylabel': securityLabels,
    'group.securitylabel': securityLabels,
    'label.name': securityLabels,
    'label.summary': securityLabels,
    'group.typename': groupTypes,
    'attribute.typename': attributeTypes,
  };
  return {
    fields: { ...nestedFields, indicator: told.length > 0 ? told : indicatorFields },
    valuesOf: (object, field) => {
      const name = field.toLowerCase();
      return name === 'ownername' || name === 'tagownername'
        ? owners
        : (values[`${object}.${name}`] ?? []);
    },
  };
}
