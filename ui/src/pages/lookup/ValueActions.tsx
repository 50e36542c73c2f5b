/** Sends or withdraws values at once, each after it was said what that does. */
import { Button, Text, TextInput } from '@mantine/core';
import { useState } from 'react';

import { useValueAction, type ValueAction } from '../../api/indicator';
import type { LookupRow } from '../../api/model';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { Icon } from '../../components/Icon';
import { Mono } from '../../components/Mono';
import { actionRows } from '../../lib/lookup';
import { counted, formatCount } from '../../lib/number';
import { formatHash } from '../../lib/route';
import { showToast } from '../../shell/toast';
import classes from './LookupPage.module.css';

const MOST_SHOWN = 10;
const MAX_REASON_CHARS = 500;

interface ValueActionsProps {
  rows: readonly LookupRow[];
  /** The rows were chosen among others, so the buttons say how many it is. */
  isChosen?: boolean;
}

export function ValueActions({ rows, isChosen = false }: ValueActionsProps) {
  const [asked, setAsked] = useState<ValueAction | null>(null);
  const toSend = actionRows(rows, 'send');
  const toWithdraw = actionRows(rows, 'withdraw');
  const count = (several: readonly LookupRow[]) =>
    isChosen && several.length > 0 ? ` ${formatCount(several.length)}` : '';
  const close = () => setAsked(null);
  return (
    <>
      <Button
        variant="default"
        leftSection={<Icon name="upload" />}
        disabled={toSend.length === 0}
        onClick={() => setAsked('send')}
      >
        Send{count(toSend)} now
      </Button>
      <Button
        variant="default"
        leftSection={<Icon name="cancel" />}
        disabled={toWithdraw.length === 0}
        onClick={() => setAsked('withdraw')}
      >
        Withdraw{count(toWithdraw)} now
      </Button>
      {asked === 'send' && <SendDialog rows={toSend} onClose={close} />}
      {asked === 'withdraw' && <WithdrawDialog rows={toWithdraw} onClose={close} />}
    </>
  );
}

interface ActionDialogProps {
  rows: readonly LookupRow[];
  onClose: () => void;
}

function SendDialog({ rows, onClose }: ActionDialogProps) {
  const send = useValueAction('send');
  return (
    <ConfirmDialog
      isOpen
      isHarmless
      title={`Send ${counted(rows.length, 'value')} now?`}
      action="Send Now"
      isBusy={send.isPending}
      error={send.error}
      onCancel={onClose}
      onConfirm={() =>
        send.mutate(
          { values: valuesOf(rows) },
          {
            onSuccess: ({ request_ids: ids }) => {
              tellQueued('Send queued', rows, ids);
              onClose();
            },
          },
        )
      }
    >
      <Text size="sm">
        Asks every enabled TQL query for these values and sends the copies with precedence, even if
        nothing has changed. A value that no query selects, or that is withheld, is not sent.
      </Text>
      <Values rows={rows} />
    </ConfirmDialog>
  );
}

function WithdrawDialog({ rows, onClose }: ActionDialogProps) {
  const withdraw = useValueAction('withdraw');
  const [reason, setReason] = useState('');
  const objects = rows.reduce((sum, row) => sum + row.objects, 0);
  return (
    <ConfirmDialog
      isOpen
      title={`Withdraw ${counted(rows.length, 'value')} now?`}
      action="Withdraw Now"
      isBusy={withdraw.isPending}
      error={withdraw.error}
      onCancel={onClose}
      onConfirm={() =>
        withdraw.mutate(
          { values: valuesOf(rows), reason },
          {
            onSuccess: ({ request_ids: ids }) => {
              tellQueued('Withdrawal queued', rows, ids);
              onClose();
            },
          },
        )
      }
    >
      <Text size="sm">
        Marks {counted(objects, 'active object')} as revoked in Microsoft Sentinel. This can’t be
        undone. The next reconcile or full update sends {rows.length === 1 ? 'it' : 'them'} again
        while a query still selects {rows.length === 1 ? 'it' : 'them'}.
      </Text>
      <Values rows={rows} />
      <TextInput
        mt="sm"
        label="Reason"
        description="Optional, for the audit"
        maxLength={MAX_REASON_CHARS}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </ConfirmDialog>
  );
}

function Values({ rows }: { rows: readonly LookupRow[] }) {
  return (
    <ul className={classes.values} aria-label="Values">
      {rows.slice(0, MOST_SHOWN).map(({ value }) => (
        <li key={value}>
          <Mono>{value.length > 200 ? `${value.slice(0, 200)}…` : value}</Mono>
        </li>
      ))}
      {rows.length > MOST_SHOWN && <li>and {formatCount(rows.length - MOST_SHOWN)} more</li>}
    </ul>
  );
}

function valuesOf(rows: readonly LookupRow[]): string[] {
  return rows.map(({ value }) => value);
}

function tellQueued(title: string, rows: readonly LookupRow[], ids: readonly string[]): void {
  const [first] = ids;
  showToast({
    tone: 'good',
    title,
    text: `${counted(rows.length, 'value')} in ${counted(ids.length, 'Job')}.`,
    ...(first === undefined
      ? {}
      : { link: { label: 'View in JOBS', href: formatHash('jobs', { open: first }) } }),
  });
}
