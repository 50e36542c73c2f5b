/** The messages at the foot of the page, read out as they come. */
import { Button, Group } from '@mantine/core';
import { useEffect, useRef, type FocusEvent } from 'react';

import { CodeLine } from '../components/ErrorCode';
import { Link } from '../components/Link';
import { Notice } from '../components/Notice';
import { hideToast, holdToasts, useToasts, type Toast } from './toast';
import classes from './Toasts.module.css';

export function Toasts() {
  const toasts = useToasts();
  const region = useRef<HTMLDivElement>(null);
  const cameFrom = useRef<Element | null>(null);
  useRoomBelow(region);

  // A message that goes hands the focus back to where it came from.
  const close = (id: number) => {
    const isInside = region.current?.contains(document.activeElement) ?? false;
    hideToast(id);
    if (!isInside) return;
    holdToasts(false);
    if (cameFrom.current instanceof HTMLElement) cameFrom.current.focus({ preventScroll: true });
  };
  const onFocus = (event: FocusEvent) => {
    holdToasts(true);
    if (!event.currentTarget.contains(event.relatedTarget)) cameFrom.current = event.relatedTarget;
  };
  const onBlur = (event: FocusEvent) => {
    if (!event.currentTarget.contains(event.relatedTarget)) holdToasts(false);
  };

  return (
    // It only watches whether somebody is at a message; nothing is done by way of it.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      ref={region}
      className={classes.region}
      role="status"
      aria-label="Messages"
      aria-live="polite"
      aria-atomic="false"
      onPointerEnter={() => holdToasts(true)}
      onPointerLeave={() => holdToasts(false)}
      onFocus={onFocus}
      onBlur={onBlur}
    >
      {toasts.map((toast) => (
        <ToastNotice key={toast.id} toast={toast} onClose={() => close(toast.id)} />
      ))}
    </div>
  );
}

function ToastNotice({ toast, onClose }: { toast: Toast; onClose: () => void }) {
  const { tone, title, text, code, link, undo } = toast;
  return (
    <Notice tone={tone} title={title} onClose={onClose}>
      {text}
      {code !== undefined && <CodeLine code={code} />}
      {(link !== undefined || undo !== undefined) && (
        <Group gap="sm" mt={text === '' ? 0 : 6}>
          {link !== undefined && (
            <Link href={link.href} onClick={onClose}>
              {link.label}
            </Link>
          )}
          {undo !== undefined && (
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => {
                onClose();
                undo();
              }}
            >
              Undo
            </Button>
          )}
        </Group>
      )}
    </Notice>
  );
}

/** Tells the style sheet how much the messages cover, so that the last rows can be scrolled free. */
function useRoomBelow(region: React.RefObject<HTMLDivElement | null>): void {
  useEffect(() => {
    if (region.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      const height = entry?.borderBoxSize[0]?.blockSize ?? 0;
      document.documentElement.style.setProperty('--toasts-height', `${Math.ceil(height)}px`);
    });
    observer.observe(region.current);
    return () => observer.disconnect();
  }, [region]);
}
