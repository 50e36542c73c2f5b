/** A framed remark within a page or a dialog. */
import { Alert } from '@mantine/core';
import type { ReactNode } from 'react';

import type { Tone } from '../lib/status';
import { Icon, type IconName } from './Icon';
import classes from './Notice.module.css';

const icons: Record<Tone, IconName> = {
  neutral: 'info',
  active: 'info',
  good: 'check',
  warning: 'warning',
  bad: 'alert',
};

const parts = {
  root: classes.notice ?? '',
  body: classes.body ?? '',
  title: classes.title ?? '',
  message: classes.message ?? '',
  icon: classes.icon ?? '',
};

interface NoticeProps {
  tone: Tone;
  title?: string;
  children: ReactNode;
  /** Read out at once when it appears. */
  isLive?: boolean;
  iconSize?: number;
  onClose?: () => void;
}

export function Notice(props: NoticeProps) {
  const { tone, title, children, isLive = false, iconSize = 18, onClose } = props;
  return (
    <Alert
      classNames={parts}
      data-tone={tone}
      role={isLive ? (tone === 'bad' ? 'alert' : 'status') : 'note'}
      icon={<Icon name={icons[tone]} size={iconSize} />}
      title={title}
      {...(onClose === undefined
        ? {}
        : { withCloseButton: true, closeButtonLabel: 'Dismiss', onClose })}
    >
      {children}
    </Alert>
  );
}
