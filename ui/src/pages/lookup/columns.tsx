/** The columns of the answers to many values. */
import { ActionIcon, Checkbox, VisuallyHidden } from '@mantine/core';

import type { LookupRow, QueryMark } from '../../api/model';
import type { Column } from '../../components/DataTable';
import { Help } from '../../components/Help';
import { Icon } from '../../components/Icon';
import { LongText } from '../../components/LongText';
import { Mono } from '../../components/Mono';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeText } from '../../components/TimeText';
import { Words } from '../../components/Words';
import { typeLabel } from '../../lib/label';
import { lookedUpAs, verdictFace } from '../../lib/lookup';
import classes from './LookupPage.module.css';
import { TakenBy } from './TakenBy';

/** Which rows are chosen, to be sent or withdrawn. */
export interface Choice {
  has: (row: LookupRow) => boolean;
  isAll: boolean;
  isSome: boolean;
  set: (rows: readonly LookupRow[], isChosen: boolean) => void;
}

interface ResultTableState {
  rows: readonly LookupRow[];
  queries: readonly QueryMark[];
  /** The value whose details are shown. */
  open: string | null;
  toggle: (row: LookupRow) => void;
  choice: Choice;
}

export function resultColumns(state: ResultTableState): Column<LookupRow>[] {
  const { rows, queries, open, toggle, choice } = state;
  return [
    {
      key: 'chosen',
      heading: (
        <span className={classes.wideOnly}>
          <SelectAll rows={rows} choice={choice} />
        </span>
      ),
      width: 36,
      cell: (row) => (
        <Checkbox
          size="xs"
          mt={4}
          aria-label={`Select ${row.given}`}
          checked={choice.has(row)}
          onChange={(event) => choice.set([row], event.currentTarget.checked)}
        />
      ),
    },
    {
      key: 'open',
      heading: <VisuallyHidden>Details</VisuallyHidden>,
      width: 40,
      cell: (row) => (
        <ActionIcon
          variant="subtle"
          aria-label={`Details of ${row.given}`}
          aria-expanded={row.value === open}
          onClick={() => toggle(row)}
        >
          <Icon name={row.value === open ? 'chevronDown' : 'chevronRight'} />
        </ActionIcon>
      ),
    },
    {
      key: 'verdict',
      heading: (
        <>
          Verdict <Help topic="Verdict" />
        </>
      ),
      label: 'Verdict',
      width: 150,
      cell: ({ verdict }) => {
        const face = verdictFace(verdict);
        return (
          <StatusBadge tone={face.tone} icon={face.icon}>
            {face.name}
          </StatusBadge>
        );
      },
    },
    { key: 'value', heading: 'Value', width: '21%', cell: (row) => <Given row={row} /> },
    { key: 'why', heading: 'Why', cell: (row) => <LongText text={row.why} /> },
    {
      key: 'owner',
      heading: 'Owner',
      width: '10%',
      cell: (row) => <Words>{row.owner}</Words>,
    },
    {
      key: 'query',
      heading: 'TQL query',
      width: '12%',
      cell: (row) => row.query_id !== null && <TakenBy position={row.position} queries={queries} />,
    },
    {
      key: 'sent',
      heading: 'Sent',
      width: 98,
      cell: (row) => <TimeText value={row.last_sent} isNarrow />,
    },
    {
      key: 'until',
      heading: 'Valid until',
      width: 98,
      cell: (row) => <TimeText value={row.valid_until} isNarrow />,
    },
  ];
}

/** Chooses all that is shown, or none of it. */
export function SelectAll(props: { rows: readonly LookupRow[]; choice: Choice; label?: string }) {
  const { rows, choice, label } = props;
  return (
    <Checkbox
      size="xs"
      {...(label === undefined ? { 'aria-label': 'Select all values' } : { label })}
      checked={choice.isAll}
      indeterminate={choice.isSome && !choice.isAll}
      onChange={(event) => choice.set(rows, event.currentTarget.checked)}
    />
  );
}

/** A value as it was given, and what else there is to say of it. */
function Given({ row }: { row: LookupRow }) {
  const as = lookedUpAs(row);
  const kinds = row.types.map(typeLabel).join(', ');
  const asides = [kinds, row.times > 1 ? `given ${row.times} times` : ''].filter(Boolean);
  return (
    <>
      <Mono className={classes.value}>
        {row.given.length > 300 ? `${row.given.slice(0, 300)}…` : row.given}
      </Mono>
      {as !== null && (
        <span className={classes.aside}>
          Looked up as <Mono>{as.length > 300 ? `${as.slice(0, 300)}…` : as}</Mono>
        </span>
      )}
      {asides.length > 0 && <span className={classes.aside}>{asides.join(', ')}</span>}
    </>
  );
}
