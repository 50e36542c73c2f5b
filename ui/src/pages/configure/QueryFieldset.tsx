/** The fields of a TQL query. */
import { Group, MultiSelect, Select, Textarea, TextInput } from '@mantine/core';

import type { Options } from '../../api/model';
import type { QueryFields } from '../../lib/draft';
import { fieldLabel, typeLabel } from '../../lib/label';
import type { Mistakes } from '../../lib/queryForm';
import { TqlField } from '../../tql/TqlField';

/** The API takes no more. */
const MAX_NAME_CHARS = 80;
const MAX_NOTE_CHARS = 500;

interface QueryFieldsetProps {
  fields: QueryFields;
  mistakes: Mistakes;
  options: Options | undefined;
  isLoading: boolean;
  onChange: (next: Partial<QueryFields>) => void;
}

export function QueryFieldset({
  fields,
  mistakes,
  options,
  isLoading,
  onChange,
}: QueryFieldsetProps) {
  const waiting = isLoading ? 'Asking ThreatConnect ...' : 'None to choose';
  return (
    <>
      <div data-field="name">
        <TextInput
          label="Name"
          description="Shown wherever the query is mentioned"
          maxLength={MAX_NAME_CHARS}
          dir="auto"
          value={fields.name ?? ''}
          error={mistakes.name}
          onChange={(event) => onChange({ name: event.currentTarget.value || null })}
        />
      </div>
      <div data-field="owners">
        <MultiSelect
          label="Owners to Query"
          withAsterisk
          searchable
          clearable
          hidePickedOptions
          data-autofocus
          placeholder={fields.owners.length === 0 ? (isLoading ? waiting : 'Choose owners') : ''}
          nothingFoundMessage={options === undefined ? waiting : 'No owner has such a name'}
          data={ownerChoices(fields.owners, options)}
          value={fields.owners}
          error={mistakes.owners}
          onChange={(owners) => onChange({ owners })}
        />
      </div>
      <div data-field="indicator_types">
        <MultiSelect
          label="Indicator Types to Retrieve"
          withAsterisk
          searchable
          clearable
          hidePickedOptions
          placeholder={fields.indicator_types.length === 0 ? 'Choose types' : ''}
          nothingFoundMessage={options === undefined ? waiting : 'No type has such a name'}
          data={typeChoices(fields.indicator_types, options)}
          value={fields.indicator_types}
          error={mistakes.indicator_types}
          onChange={(chosen) =>
            onChange({ indicator_types: chosen as QueryFields['indicator_types'] })
          }
        />
      </div>
      <div data-field="tql">
        <TqlField
          value={fields.tql}
          error={mistakes.tql}
          options={options}
          onChange={(tql) => onChange({ tql })}
        />
      </div>
      <Group grow align="flex-start">
        <Select
          label="Sort Field"
          description="The most important Indicators arrive first"
          placeholder="None"
          clearable
          searchable
          nothingFoundMessage={options === undefined ? waiting : 'No field has such a name'}
          data={sortChoices(fields.sort_field, options)}
          value={fields.sort_field}
          error={mistakes.sort_field}
          onChange={(sort_field) => onChange({ sort_field })}
        />
        <Select
          label="Sort Direction"
          description={
            fields.sort_field === null ? 'Choose a Sort Field first' : 'The order of sending'
          }
          data={[
            { value: 'asc', label: 'Ascending' },
            { value: 'desc', label: 'Descending' },
          ]}
          allowDeselect={false}
          disabled={fields.sort_field === null}
          value={fields.sort_direction}
          error={mistakes.sort_direction}
          onChange={(direction) =>
            onChange({ sort_direction: direction === 'desc' ? 'desc' : 'asc' })
          }
        />
      </Group>
      <div data-field="note">
        <Textarea
          label="Note"
          autosize
          minRows={1}
          maxRows={4}
          maxLength={MAX_NOTE_CHARS}
          dir="auto"
          value={fields.note ?? ''}
          error={mistakes.note}
          onChange={(event) => onChange({ note: event.currentTarget.value || null })}
        />
      </div>
    </>
  );
}

/** Grouped by kind. What a row holds already stays choosable even when it is not offered any more. */
function ownerChoices(chosen: readonly string[], options: Options | undefined) {
  const groups = new Map<string, string[]>();
  for (const { name, type } of options?.owners ?? []) {
    const names = groups.get(type) ?? [];
    if (!names.includes(name)) groups.set(type, [...names, name]);
  }
  const offered = new Set(options?.owners.map((owner) => owner.name));
  const others = chosen.filter((name) => !offered.has(name));
  if (others.length > 0) {
    groups.set(options === undefined ? 'Chosen' : 'Not available any more', others);
  }
  return [...groups].map(([group, items]) => ({ group, items }));
}

function typeChoices(chosen: readonly string[], options: Options | undefined) {
  if (options === undefined) return chosen.map((value) => ({ value, label: typeLabel(value) }));
  return options.indicator_types.map(({ name, label }) => ({ value: name, label }));
}

function sortChoices(chosen: string | null, options: Options | undefined) {
  const fields = options?.sort_fields.map(({ name, label }) => ({ value: name, label })) ?? [];
  const isKnown = chosen === null || fields.some(({ value }) => value === chosen);
  return isKnown ? fields : [{ value: chosen, label: fieldLabel(chosen) }, ...fields];
}
