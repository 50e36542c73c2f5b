/** The frame of every window of the page; lists under an open one stay still. */
import { Modal, type ModalProps } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';

import { useHoldRefresh } from '../shell/refresh';

import classes from './Dialog.module.css';

const frame = {
  inner: classes.inner ?? '',
  content: classes.content ?? '',
  title: classes.title ?? '',
};

export interface DialogProps {
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
  useFocusBack(isOpen);
  return (
    <Modal.Root
      opened={isOpen}
      onClose={onClose}
      size={size}
      closeOnClickOutside={isClosedByClick}
      classNames={frame}
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

/** The buttons of a window, which stay in sight however long the rest of it is. */
export function DialogFoot({ children }: { children: ReactNode }) {
  return <div className={classes.foot}>{children}</div>;
}

/** Gives the focus back also where the window is taken away instead of closed. */
function useFocusBack(isOpen: boolean): void {
  useEffect(() => {
    if (!isOpen) return undefined;
    const opener = document.activeElement;
    return () => {
      setTimeout(() => {
        const isLost = document.activeElement === null || document.activeElement === document.body;
        if (isLost && opener instanceof HTMLElement) opener.focus({ preventScroll: true });
      });
    };
  }, [isOpen]);
}
