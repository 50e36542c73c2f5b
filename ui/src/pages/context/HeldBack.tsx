/** Withdrawals of context objects that wait for a decision, which is made by typing their number. */
import { Button, Text, TextInput } from '@mantine/core';
import { useState } from 'react';

import { useWithdrawContext } from '../../api/context';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import danger from '../../components/danger.module.css';
import { GuideLink } from '../../components/GuideLink';
import { Notice } from '../../components/Notice';
import { isNumberTyped } from '../../lib/finding';
import { counted, formatCount } from '../../lib/number';
import { showToast } from '../../shell/toast';
import classes from './ContextPage.module.css';

interface HeldBackProps {
  count: number;
}

export function HeldBack({ count }: HeldBackProps) {
  const [isAsking, setAsking] = useState(false);
  const objects = counted(count, 'context object');
  return (
    <Notice tone="active" title={`Withdrawal of ${objects} needs your decision`}>
      <Text size="sm">
        ThreatConnect has them no more, or the inputs leave them out. They are so many at once that
        none was withdrawn (Withdraw Limit Percent). If that is an error, correct it there: the next
        complete reading finds nothing to withdraw.
      </Text>
      <div className={classes.buttons}>
        <Button
          size="xs"
          variant="default"
          className={danger.quiet}
          onClick={() => setAsking(true)}
        >
          Withdraw {objects}
        </Button>
      </div>
      {isAsking && <WithdrawDialog count={count} onClose={() => setAsking(false)} />}
    </Notice>
  );
}

interface WithdrawDialogProps extends HeldBackProps {
  onClose: () => void;
}

function WithdrawDialog({ count: given, onClose }: WithdrawDialogProps) {
  // What a person reads here is what is allowed, whatever is found meanwhile.
  const [count] = useState(given);
  const [typed, setTyped] = useState('');
  const [isWrong, setWrong] = useState(false);
  const withdraw = useWithdrawContext();
  const objects = counted(count, 'context object');
  const confirm = () => {
    if (!isNumberTyped(typed, count)) {
      setWrong(true);
      return;
    }
    withdraw.mutate(count, {
      onSuccess: () => {
        showToast({ tone: 'good', title: 'Withdrawal allowed', text: objects });
        onClose();
      },
    });
  };
  return (
    <ConfirmDialog
      isOpen
      size="lg"
      title={`Withdraw ${objects}?`}
      action="Withdraw"
      isBusy={withdraw.isPending}
      error={withdraw.error}
      onCancel={onClose}
      onConfirm={confirm}
    >
      <Text size="sm">
        Threat actors and relationships are marked as revoked; owner identities stay. They are
        withdrawn after the Indicators, in what these leave of the API limit.
      </Text>
      <Text size="sm" mt="xs">
        Queries that do not look at <em>revoked</em> still show them. What comes back later gets a
        new ID. This can’t be undone.{' '}
        <GuideLink to="operations.html#context">More in the guide</GuideLink>
      </Text>
      <TextInput
        mt="sm"
        label={`Type ${formatCount(count)} to confirm`}
        inputMode="numeric"
        autoComplete="off"
        value={typed}
        error={isWrong ? `The number is ${formatCount(count)}.` : undefined}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setWrong(false);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') confirm();
        }}
      />
    </ConfirmDialog>
  );
}
