/** The findings of the last completed run by kind: how many, what they mean, what to do. */
import { Text } from '@mantine/core';

import type { FindingKind, Verification, VerificationRun } from '../../api/model';
import { DataTable, type Column } from '../../components/DataTable';
import { TextButton } from '../../components/Link';
import { NumberText } from '../../components/NumberText';
import { formatCount } from '../../lib/number';
import { kindFace } from '../../lib/finding';
import { countOf, findingKinds, kindName } from '../../lib/verification';
import classes from './VerifyPage.module.css';
import { WithdrawUnknown } from './WithdrawUnknown';

interface KindTableProps {
  state: Verification;
  run: VerificationRun;
  /** The kind that is shown alone; empty for all. */
  chosen: FindingKind | '';
  onChoose: (kind: FindingKind | '') => void;
}

export function KindTable({ state, run, chosen, onChoose }: KindTableProps) {
  const kinds = findingKinds.filter((kind) => countOf(run, kind) > 0);
  const columns: Column<FindingKind>[] = [
    {
      key: 'kind',
      heading: 'Finding',
      width: 170,
      cell: (kind) => (
        <TextButton
          className={kind === chosen ? classes.chosen : undefined}
          aria-pressed={kind === chosen}
          onClick={() => onChoose(kind === chosen ? '' : kind)}
        >
          {kindName(kind)}
        </TextButton>
      ),
    },
    {
      key: 'count',
      heading: 'Objects',
      align: 'right',
      width: 90,
      cell: (kind) => <NumberText>{formatCount(countOf(run, kind))}</NumberText>,
    },
    { key: 'meaning', heading: 'Meaning', cell: (kind) => kindFace(kind).meaning },
    {
      key: 'offer',
      heading: 'What you can do',
      width: '30%',
      cell: (kind) => (
        <div className={classes.row}>
          <Text size="sm" fz="inherit">
            {kindFace(kind).offer}
          </Text>
          {kind === 'unknown' && <WithdrawUnknown count={state.count_unknown} />}
        </div>
      ),
    },
  ];
  return (
    <DataTable<FindingKind>
      label="Kinds of finding"
      columns={columns}
      rows={kinds}
      rowKey={(kind) => kind}
      openKey={chosen}
      minWidth={760}
      isFixed
      isStacked
      empty={null}
    />
  );
}
