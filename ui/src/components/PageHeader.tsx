/** The heading of a screen, its refresh control and its actions. */
import { Group, Text, Title } from '@mantine/core';
import { useEffect, useRef, type ReactNode, type RefObject } from 'react';

import { screenPlaces, type ScreenTitle } from '../lib/guide';
import type { TopicName } from '../lib/help';
import { headingAppeared } from '../shell/heading';
import { GuideLink } from './GuideLink';
import { Help } from './Help';
import { Icon } from './Icon';
import classes from './PageHeader.module.css';

interface PageHeaderProps {
  /** The screen's name; shown in capitals. */
  title: ScreenTitle;
  /** One quiet line under the heading. */
  summary?: ReactNode;
  /** What is explained beside the summary. */
  help?: readonly TopicName[];
  /** It stays in sight however far the screen is scrolled. */
  isPinned?: boolean;
  children?: ReactNode;
}

export function PageHeader({
  title,
  summary,
  help = [],
  isPinned = false,
  children,
}: PageHeaderProps) {
  useEffect(() => {
    document.title = `${title} | Microsoft Sentinel`;
  }, [title]);
  useEffect(headingAppeared, []);
  const header = useRef<HTMLDivElement>(null);
  usePinnedHeight(header, isPinned);
  return (
    <Group
      ref={header}
      justify="space-between"
      align="flex-start"
      gap="md"
      className={classes.header}
      data-pinned={isPinned || undefined}
    >
      <div>
        <Group gap="0 10px">
          <Title order={1} size="h3" tabIndex={-1} id="page-heading">
            {title.toUpperCase()}
          </Title>
          <GuideLink
            to={screenPlaces[title]}
            className={classes.guide}
            aria-label={`Guide to ${title.toUpperCase()} (in a new tab)`}
          >
            <Icon name="book" size={14} />
            Guide
          </GuideLink>
        </Group>
        {summary !== undefined && (
          <Text component="div" size="sm" c="dimmed">
            <span className={help.length > 1 ? classes.summary : undefined}>{summary}</span>{' '}
            {help.map((topic) => (
              <span key={topic} className={classes.topic}>
                {/* Several alone would not tell which explains what. */}
                {help.length > 1 && topic} <Help topic={topic} />
              </span>
            ))}
          </Text>
        )}
      </div>
      <Group gap="sm" wrap="nowrap">
        {children}
      </Group>
    </Group>
  );
}

/** Tells the style sheet where what is pinned ends, for what stays below it. */
function usePinnedHeight(header: RefObject<HTMLDivElement | null>, isPinned: boolean): void {
  useEffect(() => {
    const element = header.current;
    if (element === null || !isPinned) return undefined;
    const root = document.documentElement.style;
    const observer = new ResizeObserver(() => {
      const { position, top } = getComputedStyle(element);
      if (position === 'sticky') {
        root.setProperty('--pinned-height', `${parseFloat(top) + element.offsetHeight}px`);
      } else root.removeProperty('--pinned-height');
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      root.removeProperty('--pinned-height');
    };
  }, [header, isPinned]);
}
