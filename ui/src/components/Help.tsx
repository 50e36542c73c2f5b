/** A small "?" beside a word; it opens an explanation. */
import { ActionIcon, Popover, Text } from '@mantine/core';
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';

import type { TopicName } from '../lib/help';
import type { Topic } from '../lib/help/topic';
import classes from './Help.module.css';
import { GuideLink } from './GuideLink';
import { Icon } from './Icon';

interface HelpProps {
  topic: TopicName;
  /** Only these of its entries, by the values of the API; all of them where left out. */
  only?: readonly string[] | undefined;
}

type Topics = Readonly<Record<TopicName, Topic>>;

/** The texts are in a file of their own: most visits never ask for them. */
function fetchTopics(): Promise<Topics> {
  return import('../lib/help').then(({ topics }) => topics);
}

export function Help({ topic, only }: HelpProps) {
  const [isOpen, setIsOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => {
    setIsOpen(false);
    button.current?.focus({ preventScroll: true });
  };
  return (
    <Popover
      opened={isOpen}
      onChange={setIsOpen}
      position="bottom-start"
      width={360}
      shadow="md"
      withArrow
      withRoles={false}
      transitionProps={{ duration: 100 }}
    >
      <Popover.Target>
        <ActionIcon
          ref={button}
          className={classes.button}
          variant="subtle"
          color="gray"
          size={20}
          aria-label={`Help: ${topic}`}
          aria-haspopup="dialog"
          aria-expanded={isOpen}
          onClick={(event) => {
            // What it stands in may be something to click itself.
            event.stopPropagation();
            setIsOpen(!isOpen);
          }}
        >
          <Icon name="question" size={15} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown className={classes.dropdown}>
        <Explanation topic={topic} only={only} onClose={close} />
      </Popover.Dropdown>
    </Popover>
  );
}

interface ExplanationProps extends HelpProps {
  onClose: () => void;
}

function Explanation({ topic: name, only, onClose }: ExplanationProps) {
  const [topic, setTopic] = useState<Topic | null>(null);
  const [isMissing, setIsMissing] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const id = useId();

  useEffect(() => {
    let isGone = false;
    fetchTopics().then(
      (topics) => isGone || setTopic(topics[name]),
      () => isGone || setIsMissing(true),
    );
    return () => {
      isGone = true;
    };
  }, [name]);

  // Read out as soon as it is there.
  const isThere = topic !== null || isMissing;
  useEffect(() => {
    if (isThere) frame.current?.focus({ preventScroll: true });
  }, [isThere]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    onClose();
  };

  return (
    // What scrolls is reached by the keyboard, and Escape is a shortcut for the button.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      ref={frame}
      className={classes.frame}
      role="dialog"
      aria-labelledby={`${id}-name`}
      aria-describedby={`${id}-text`}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      // A window beneath stays open.
      data-mantine-stop-propagation
      onKeyDown={onKeyDown}
    >
      <Text fw={650} size="sm" id={`${id}-name`}>
        {name}
      </Text>
      <div id={`${id}-text`}>
        {topic !== null ? (
          <TopicText topic={topic} only={only} />
        ) : (
          <Text size="sm">
            {isMissing ? 'The explanation could not be loaded. Load the page again.' : 'Loading...'}
          </Text>
        )}
      </div>
    </div>
  );
}

function TopicText({ topic, only }: { topic: Topic; only: readonly string[] | undefined }) {
  const entries = Object.entries(topic.entries ?? {}).filter(
    ([value]) => only?.includes(value) ?? true,
  );
  return (
    <>
      <Text size="sm">{topic.text}</Text>
      {entries.length > 0 && (
        <dl className={classes.entries}>
          {entries.map(([value, [word, text]]) => (
            <div key={value}>
              <dt>{word}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
      {topic.guide !== undefined && <GuideLink to={topic.guide}>More in the guide</GuideLink>}
    </>
  );
}
