/** The window "Add TQL Configuration"; filled in, it edits. Submit changes the page only. */
import { Button, Group, MultiSelect, Select, Stack } from '@mantine/core';
import { useState } from 'react';

import { useOptions } from '../../api/configure';
import type { Options } from '../../api/model';
import { Dialog } from '../../components/Dialog';
import { ErrorPanel } from '../../components/ErrorPanel';
import type { DraftRow, QueryFields, RowMessages } from '../../lib/draft';
import { fieldLabel, typeLabel } from '../../lib/label';
import { TqlField } from '../../tql/TqlField';

interface QueryWindowProps {
  /** The row to edit; `null` adds one. */
  row: DraftRow | null;
  /** What a refused save said about this row. */
  messages: RowMessages;
  onSubmit: (fields: QueryFields) => void;
  onClose: () => void;
}

const blank: QueryFields = {
  owners: [],
  indicator_types: [],
  tql: '',
  sort_field: null,
  sort_direction: 'asc',
};

type Mistakes = Partial<Record<keyof QueryFields, string>>;

function mistakesOf(fields: QueryFields): Mistakes {
  return {
    ...(fields.owners.length === 0 ? { owners: 'Choose at least one owner.' } : {}),
    ...(fields.indicator_types.length === 0
      ? { indicator_types: 'Choose at least one type.' }
      : {}),
    ...(fields.tql.trim() === '' ? { tql: 'Enter the TQL, for example: rating >= 3' } : {}),
  };
}

export function QueryWindow({ row, messages, onSubmit, onClose }: QueryWindowProps) {
  const [fields, setFields] = useState<QueryFields>(row ?? blank);
  const [mistakes, setMistakes] = useState<Mistakes>(messages);
  const options = useOptions(true);

  const change = (next: Partial<QueryFields>) => {
    setFields((before) => ({ ...before, ...next }));
    setMistakes((before) =>
      Object.fromEntries(Object.entries(before).filter(([name]) => !(name in next))),
    );
  };

  const submit = () => {
    const found = mistakesOf(fields);
    setMistakes(found);
    const first = Object.keys(found)[0];
    if (first === undefined) {
      onSubmit({ ...fields, tql: fields.tql.trim() });
      return;
    }
    document
      .querySelector<HTMLElement>(`[data-field="${first}"] input, [data-field="${first}"] textarea`)
      ?.focus();
  };

  return (
    <Dialog
      isOpen
      onClose={onClose}
      size="lg"
      title={row === null ? 'Add TQL Configuration' : 'Edit TQL Configuration'}
      isClosedByClick={false}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack gap="md">
          {options.error !== null && (
            <ErrorPanel
              error={options.error}
              onRetry={() => void options.refetch()}
              isRetrying={options.isFetching}
            />
          )}
          <WindowFields
            fields={fields}
            mistakes={mistakes}
            options={options.data}
            isLoading={options.isLoading}
            onChange={change}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit">Submit</Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

interface WindowFieldsProps {
  fields: QueryFields;
  mistakes: Mistakes;
  options: Options | undefined;
  isLoading: boolean;
  onChange: (next: Partial<QueryFields>) => void;
}

function WindowFields({ fields, mistakes, options, isLoading, onChange }: WindowFieldsProps) {
  const waiting = isLoading ? 'Asking ThreatConnect ...' : 'None to choose';
  return (
    <>
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
        <TqlField value={fields.tql} error={mistakes.tql} onChange={(tql) => onChange({ tql })} />
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
