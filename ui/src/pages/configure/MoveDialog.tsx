/** "Move Query": to a position by its number, however long the list is. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';

import { Dialog, DialogFoot } from '../../components/Dialog';

interface MoveDialogProps {
  /** What the query is called. */
  name: string;
  /** Where it is, counted from 1, and how many there are. */
  position: number;
  total: number;
  onMove: (position: number) => void;
  onClose: () => void;
}

export function MoveDialog({ name, position, total, onMove, onClose }: MoveDialogProps) {
  const [text, setText] = useState(String(position));
  const wanted = /^\d+$/.test(text.trim()) ? Number(text) : null;
  const isValid = wanted !== null && wanted >= 1 && wanted <= total;
  return (
    <Dialog isOpen onClose={onClose} title="Move Query">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (isValid) onMove(wanted);
        }}
      >
        <Stack gap="md">
          <Text size="sm">
            <bdi>{name}</bdi> is at position {position} of {total}. Position 1 has the highest
            precedence. The queries in between move by one.
          </Text>
          <TextInput
            label="New position"
            inputMode="numeric"
            data-autofocus
            value={text}
            error={isValid ? undefined : `Enter a number from 1 to ${total}.`}
            onChange={(event) => setText(event.currentTarget.value)}
            onFocus={(event) => event.currentTarget.select()}
          />
          <DialogFoot>
            <Group justify="space-between" gap="sm">
              <Group gap="sm">
                <Button variant="default" disabled={position === 1} onClick={() => onMove(1)}>
                  Move to top
                </Button>
                <Button
                  variant="default"
                  disabled={position === total}
                  onClick={() => onMove(total)}
                >
                  Move to bottom
                </Button>
              </Group>
              <Group gap="sm">
                <Button variant="default" onClick={onClose}>
                  Cancel
                </Button>
                <Button type="submit" disabled={!isValid || wanted === position}>
                  Move
                </Button>
              </Group>
            </Group>
          </DialogFoot>
        </Stack>
      </form>
    </Dialog>
  );
}
