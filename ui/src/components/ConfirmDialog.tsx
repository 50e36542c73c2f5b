/** Asks before something that cannot be taken back; the action's button names it. */
import { Button, Group } from '@mantine/core';
import type { ReactNode } from 'react';

import { Dialog } from './Dialog';

interface ConfirmDialogProps {
  isOpen: boolean;
  title: string;
  children: ReactNode;
  /** The words of the button that does it. */
  action: string;
  onConfirm: () => void;
  cancel?: string;
  onCancel: () => void;
}

export function ConfirmDialog({
  isOpen,
  title,
  children,
  action,
  onConfirm,
  cancel = 'Cancel',
  onCancel,
}: ConfirmDialogProps) {
  return (
    <Dialog isOpen={isOpen} onClose={onCancel} title={title}>
      {children}
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onCancel} data-autofocus>
          {cancel}
        </Button>
        <Button className="app-danger" onClick={onConfirm}>
          {action}
        </Button>
      </Group>
    </Dialog>
  );
}
