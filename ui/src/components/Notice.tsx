/** A framed remark within a page or a dialog. */
import { Alert } from '@mantine/core';
import type { ReactNode } from 'react';

import type { Tone } from '../lib/status';
import { Icon, type IconName } from './Icon';

const icons: Record<Tone, IconName> = {
  neutral: 'info',
  active: 'info',
  good: 'check',
  warning: 'warning',
  bad: 'alert',
};

interface NoticeProps {
  tone: Tone;
  title?: string;
  children: ReactNode;
  /** Read out at once when it appears. */
  isLive?: boolean;
  onClose?: () => void;
}

export function Notice({ tone, title, children, isLive = false, onClose }: NoticeProps) {
  return (
    <Alert
      className="app-alert"
      data-tone={tone}
      role={isLive ? (tone === 'bad' ? 'alert' : 'status') : 'note'}
      icon={<Icon name={icons[tone]} size={18} />}
      title={title}
      {...(onClose === undefined
        ? {}
        : { withCloseButton: true, closeButtonLabel: 'Dismiss', onClose })}
    >
      {children}
    </Alert>
  );
}
