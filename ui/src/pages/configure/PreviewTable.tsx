/** The first Indicators of a preview; each opens to its STIX objects. */
import { Text } from '@mantine/core';
import { useState } from 'react';

import type { PreviewIndicator } from '../../api/model';
import { CodeBlock } from '../../components/CodeBlock';
import { DataTable, type Column } from '../../components/DataTable';
import { Icon } from '../../components/Icon';
import { IndicatorName } from '../../components/IndicatorName';
import { TextButton } from '../../components/Link';
import { PlainList } from '../../components/PlainList';
import { StatusBadge } from '../../components/StatusBadge';
import { Words } from '../../components/Words';
import { typeLabel } from '../../lib/label';
import { capitalized, counted, formatCount } from '../../lib/number';
import classes from './PreviewTable.module.css';

interface PreviewTableProps {
  indicators: readonly PreviewIndicator[];
  total: number;
}

export function PreviewTable({ indicators, total }: PreviewTableProps) {
  const [openId, setOpenId] = useState<string | null>(null);
  const toggle = ({ id }: PreviewIndicator) => setOpenId(openId === id ? null : id);
  const columns: Column<PreviewIndicator>[] = [
    {
      key: 'type',
      heading: 'Type',
      width: 118,
      cell: (row) => typeLabel(row.type ?? ''),
    },
    {
      key: 'name',
      heading: 'Indicator',
      cell: (row) => <IndicatorName indicator={row} isLookedUp />,
    },
    {
      key: 'owner',
      heading: 'Owner',
      width: '20%',
      cell: (row) => <Words>{row.owner}</Words>,
    },
    {
      key: 'fate',
      heading: 'Outcome',
      width: '32%',
      cell: (row) => <Fate row={row} isOpen={openId === row.id} onToggle={() => toggle(row)} />,
    },
  ];
  return (
    <>
      <Text size="xs" c="dimmed">
        {total > indicators.length
          ? `First ${formatCount(indicators.length)} of ${formatCount(total)}, by ID`
          : 'All of them'}
      </Text>
      <DataTable
        label="First Indicators"
        columns={columns}
        rows={indicators}
        rowKey={(row) => row.id ?? ''}
        isFixed
        empty={null}
        below={(row) => (openId === row.id ? <Objects row={row} /> : null)}
      />
    </>
  );
}

interface FateProps {
  row: PreviewIndicator;
  isOpen: boolean;
  onToggle: () => void;
}

function Fate({ row, isOpen, onToggle }: FateProps) {
  const faults = row.objects.filter((each) => !each.is_valid).length;
  return (
    <div className={classes.fate}>
      {row.outcome !== null && (
        <Text size="sm" fz="inherit">
          <strong>{capitalized(row.outcome)}</strong>: {row.reason}
        </Text>
      )}
      {row.objects.length > 0 && (
        <TextButton
          className={classes.toggle}
          aria-expanded={isOpen}
          aria-label={`Objects of ${row.summary ?? row.id ?? ''}`}
          onClick={onToggle}
        >
          {counted(row.objects.length, 'object')}
          <Icon name={isOpen ? 'chevronDown' : 'chevronRight'} size={13} />
        </TextButton>
      )}
      {faults > 0 && (
        <StatusBadge tone="bad" icon="alert">
          {formatCount(faults)} not valid
        </StatusBadge>
      )}
    </div>
  );
}

function Objects({ row }: { row: PreviewIndicator }) {
  return (
    <PlainList className={classes.objects}>
      {row.objects.map((each, index) => (
        <li key={index}>
          <StatusBadge
            tone={each.is_valid ? 'good' : 'bad'}
            icon={each.is_valid ? 'check' : 'alert'}
          >
            {each.is_valid ? each.verdict : 'not valid STIX 2.1'}
          </StatusBadge>
          {!each.is_valid && <Text size="sm">{each.verdict}</Text>}
          <CodeBlock
            label={`STIX object ${index + 1} of ${row.summary ?? ''}`}
            text={JSON.stringify(each.object, null, 2)}
          />
        </li>
      ))}
    </PlainList>
  );
}
