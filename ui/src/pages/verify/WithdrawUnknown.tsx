/** Withdraws the objects that this Service has no record of, after their number was typed. */
import { Button, Text, TextInput } from '@mantine/core';
import { useState } from 'react';

import { useWithdrawUnknown } from '../../api/verification';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import danger from '../../components/danger.module.css';
import { GuideLink } from '../../components/GuideLink';
import { counted, formatCount } from '../../lib/number';
import { isNumberTyped } from '../../lib/finding';
import { tellQueued } from './SendAgain';

interface WithdrawUnknownProps {
  /** How many are still to be withdrawn. */
  count: number;
}

export function WithdrawUnknown({ count }: WithdrawUnknownProps) {
  const [isAsking, setAsking] = useState(false);
  if (count === 0) return null;
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        className={danger.quiet}
        onClick={() => setAsking(true)}
      >
        Withdraw {counted(count, 'unknown object')}
      </Button>
      {isAsking && <WithdrawDialog count={count} onClose={() => setAsking(false)} />}
    </>
  );
}

interface WithdrawDialogProps extends WithdrawUnknownProps {
  onClose: () => void;
}

function WithdrawDialog({ count: given, onClose }: WithdrawDialogProps) {
  // What a person reads here is what is withdrawn, whatever is found meanwhile.
  const [count] = useState(given);
  const [typed, setTyped] = useState('');
  const [isWrong, setWrong] = useState(false);
  const withdraw = useWithdrawUnknown();
  const confirm = () => {
    if (!isNumberTyped(typed, count)) {
      setWrong(true);
      return;
    }
    withdraw.mutate(count, {
      onSuccess: (accepted) => {
        tellQueued('Withdrawal queued', accepted);
        onClose();
      },
    });
  };
  return (
    <ConfirmDialog
      isOpen
      size="lg"
      title={`Withdraw ${counted(count, 'unknown object')}?`}
      action="Withdraw Unknown"
      isBusy={withdraw.isPending}
      error={withdraw.error}
      onCancel={onClose}
      onConfirm={confirm}
    >
      <Text size="sm">
        These objects are active in Sentinel under the source name of this Service, and this Service
        has no record of them. They may come from the App before this one, or from a state that was
        lost.
      </Text>
      <Text size="sm" mt="xs" fw={600}>
        If another App or Service still sends under the same source name, they are its objects, and
        are withdrawn all the same.
      </Text>
      <Text size="sm" mt="xs">
        Each is marked as revoked, so no rule matches it any more. This can’t be undone.{' '}
        <GuideLink to="operations.html#verify">More in the guide</GuideLink>
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
