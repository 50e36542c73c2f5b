/** The frame of every window of the page; lists under an open one stay still. */
import { Modal, type ModalProps } from '@mantine/core';
import type { ReactNode } from 'react';

import { useHoldRefresh } from '../shell/refresh';

interface DialogProps {
  isOpen: boolean;
  title: string;
  size?: ModalProps['size'];
  /** A click beside it closes it; not where something typed would be lost. */
  isClosedByClick?: boolean;
  onClose: () => void;
  children: ReactNode;
}

export function Dialog({
  isOpen,
  title,
  size = 'md',
  isClosedByClick = true,
  onClose,
  children,
}: DialogProps) {
  useHoldRefresh(isOpen);
  return (
    <Modal.Root
      opened={isOpen}
      onClose={onClose}
      size={size}
      closeOnClickOutside={isClosedByClick}
      transitionProps={{ duration: 120 }}
    >
      <Modal.Overlay backgroundOpacity={0.5} />
      <Modal.Content>
        {/* The page has one banner, and this is not it. */}
        <Modal.Header role="presentation">
          <Modal.Title component="h2">{title}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </Modal.Header>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
