/** Under the header of every screen: what keeps the Service from its work, and where to solve it. */
import { Button, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';

import type { Condition, HealthReport } from '../api/model';
import { useTaskAction, type TaskSubject } from '../api/task';
import { RemedyLink } from '../components/GuideLink';
import { Icon } from '../components/Icon';
import { Link } from '../components/Link';
import { TimeDistance } from '../components/TimeText';
import { conditionKey, conditionLink, conditionMark, pausedTask, spoken } from '../lib/health';
import classes from './StatusStrip.module.css';
import { showError, showToast } from './toast';

export function StatusStrip({ report, path }: { report: HealthReport; path: string }) {
  const [isOpen, setIsOpen] = useState(false);
  const { conditions } = report;
  const [first, ...others] = conditions;
  return (
    <>
      <VisuallyHidden role="status">{spoken(report)}</VisuallyHidden>
      {first !== undefined && (
        <section
          className={classes.strip}
          aria-label="Open problems"
          data-tone={conditionMark(first).tone}
        >
          <ul className={classes.lines}>
            {(isOpen ? conditions : [first]).map((condition) => (
              <Line key={conditionKey(condition)} condition={condition} path={path} />
            ))}
          </ul>
          {others.length > 0 && (
            <UnstyledButton
              className={classes.more}
              aria-expanded={isOpen}
              onClick={() => setIsOpen(!isOpen)}
            >
              {isOpen ? 'Show less' : `${others.length} more`}
              <Icon name="chevronDown" size={14} />
            </UnstyledButton>
          )}
        </section>
      )}
    </>
  );
}

function Line({ condition, path }: { condition: Condition; path: string }) {
  const mark = conditionMark(condition);
  const { href, label } = conditionLink(condition);
  const slug = pausedTask(condition);
  const isHere = condition.link.screen === path && condition.link.params.open === undefined;
  return (
    <li className={classes.line} data-tone={mark.tone}>
      <Icon name={mark.icon} size={16} />
      <span className={classes.words}>
        <bdi>{condition.title}</bdi>
        {condition.since !== null && (
          <>
            , <TimeDistance value={condition.since} />
          </>
        )}
      </span>
      <span className={classes.ways}>
        {slug !== null && <ResumeButton slug={slug as TaskSubject} />}
        {!isHere && <Link href={href}>{label}</Link>}
        <RemedyLink code={condition.code} />
      </span>
    </li>
  );
}

function ResumeButton({ slug }: { slug: TaskSubject }) {
  const action = useTaskAction();
  return (
    <Button
      size="compact-xs"
      variant="default"
      loading={action.isPending}
      aria-label={`Resume ${slug}`}
      onClick={() =>
        action.mutate(
          { slug, action: 'resume' },
          {
            onSuccess: () => showToast({ tone: 'good', title: 'Resumed' }),
            onError: showError,
          },
        )
      }
    >
      Resume
    </Button>
  );
}
