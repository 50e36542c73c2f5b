/** The fields of a TQL query. */
import { Group, MultiSelect, Select, Textarea, TextInput } from '@mantine/core';

import type { Options } from '../../api/model';
import { TextButton } from '../../components/Link';
import type { QueryFields } from '../../lib/draft';
import { fieldLabel, typeLabel } from '../../lib/label';
import type { Mistakes } from '../../lib/queryForm';
import { directionLabel, firstDirection, orderWords } from '../../lib/sortOrder';
import { TqlField } from '../../tql/TqlField';
import classes from './QueryFieldset.module.css';

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
  const waiting = isLoading ? 'Asking ThreatConnect ...' : 'Nothing to choose';
  const owners = ownerChoices(fields.owners, options);
  const types = typeChoices(fields.indicator_types, options);
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
      <div data-field="owners" className={classes.field}>
        <ChooseAll
          of="owners"
          chosen={fields.owners}
          all={options === undefined ? [] : owners.flatMap(({ items }) => items)}
          onChange={(names) => onChange({ owners: names })}
        />
        <MultiSelect
          label="Owners to Query"
          withAsterisk
          searchable
          clearable
          hidePickedOptions
          data-autofocus
          placeholder={fields.owners.length === 0 ? (isLoading ? waiting : 'Choose owners') : ''}
          nothingFoundMessage={options === undefined ? waiting : 'No matching owner'}
          data={owners}
          value={fields.owners}
          error={mistakes.owners}
          onChange={(names) => onChange({ owners: names })}
        />
      </div>
      <div data-field="indicator_types" className={classes.field}>
        <ChooseAll
          of="types"
          chosen={fields.indicator_types}
          all={options === undefined ? [] : types.map(({ value }) => value)}
          onChange={(names) =>
            onChange({ indicator_types: names as QueryFields['indicator_types'] })
          }
        />
        <MultiSelect
          label="Indicator Types to Retrieve"
          withAsterisk
          searchable
          clearable
          hidePickedOptions
          placeholder={fields.indicator_types.length === 0 ? 'Choose types' : ''}
          nothingFoundMessage={options === undefined ? waiting : 'No matching type'}
          data={types}
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
          description="Order in which Indicators are sent"
          placeholder="None"
          clearable
          searchable
          nothingFoundMessage={options === undefined ? waiting : 'No matching field'}
          data={sortChoices(fields.sort_field, options)}
          value={fields.sort_field}
          error={mistakes.sort_field}
          onChange={(sort_field) =>
            onChange({
              sort_field,
              sort_direction: sort_field === null ? 'asc' : firstDirection(sort_field),
            })
          }
        />
        <Select
          label="Sort Direction"
          description={
            fields.sort_field === null
              ? 'Choose a Sort Field first'
              : orderWords(fields.sort_field, fields.sort_direction)
          }
          data={(['asc', 'desc'] as const).map((value) => ({
            value,
            label: directionLabel(value),
          }))}
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

interface ChooseAllProps {
  of: string;
  chosen: readonly string[];
  /** Empty while it is not known what there is. */
  all: readonly string[];
  onChange: (names: string[]) => void;
}

/** Beside the label; the list itself is filled and emptied without opening it. */
function ChooseAll({ of, chosen, all, onChange }: ChooseAllProps) {
  const isAll = all.every((name) => chosen.includes(name));
  if (all.length === 0) return null;
  return (
    <Group gap={10} className={classes.all}>
      <TextButton
        aria-label={`Select all ${of}`}
        aria-disabled={isAll || undefined}
        onClick={() => isAll || onChange([...all])}
      >
        Select all
      </TextButton>
      <TextButton
        aria-label={`Select no ${of}`}
        aria-disabled={chosen.length === 0 || undefined}
        onClick={() => onChange([])}
      >
        None
      </TextButton>
    </Group>
  );
}

/** Grouped by kind. Owners of a row that are no longer offered can still be chosen. */
function ownerChoices(chosen: readonly string[], options: Options | undefined) {
  const groups = new Map<string, string[]>();
  for (const { name, type } of options?.owners ?? []) {
    const names = groups.get(type) ?? [];
    if (!names.includes(name)) groups.set(type, [...names, name]);
  }
  const offered = new Set(options?.owners.map((owner) => owner.name));
  const others = chosen.filter((name) => !offered.has(name));
  if (others.length > 0) {
    groups.set(options === undefined ? 'Chosen' : 'No longer available', others);
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
