/** Asks before something is done; the action's button names it. */
import { Button, Group, Stack } from '@mantine/core';
import type { ReactNode } from 'react';

import type { ApiError } from '../api/client';
import danger from './danger.module.css';
import { Dialog, DialogFoot, type DialogProps } from './Dialog';
import { ErrorPanel } from './ErrorPanel';

interface ConfirmDialogProps {
  isOpen: boolean;
  title: string;
  size?: DialogProps['size'];
  children: ReactNode;
  /** The words of the button that does it. */
  action: string;
  /** Whether it can be taken back. */
  isHarmless?: boolean;
  isBusy?: boolean;
  /** Why it could not be done. */
  error?: ApiError | null;
  onConfirm: () => void;
  cancel?: string;
  onCancel: () => void;
}

export function ConfirmDialog({
  isOpen,
  title,
  size = 'md',
  children,
  action,
  isHarmless = false,
  isBusy = false,
  error = null,
  onConfirm,
  cancel = 'Cancel',
  onCancel,
}: ConfirmDialogProps) {
  return (
    <Dialog isOpen={isOpen} onClose={onCancel} title={title} size={size}>
      <Stack gap="md">
        <div>{children}</div>
        {error !== null && <ErrorPanel error={error} />}
        <DialogFoot>
          <Group justify="flex-end">
            <Button
              variant="default"
              onClick={onCancel}
              disabled={isBusy}
              data-autofocus={!isHarmless || undefined}
            >
              {cancel}
            </Button>
            <Button
              className={isHarmless ? undefined : danger.filled}
              onClick={onConfirm}
              loading={isBusy}
              data-autofocus={isHarmless || undefined}
            >
              {action}
            </Button>
          </Group>
        </DialogFoot>
      </Stack>
    </Dialog>
  );
}
