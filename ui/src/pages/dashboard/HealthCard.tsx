/** Whether all that the Service depends on is as it must be, tried now when asked for. */
import { Button, Group, Text, VisuallyHidden } from '@mantine/core';

import { useCheck } from '../../api/health';
import type { Check, CheckReport, Condition, HealthReport, MetricSummary } from '../../api/model';
import { Card } from '../../components/Card';
import { ErrorCode } from '../../components/ErrorCode';
import { ErrorPanel } from '../../components/ErrorPanel';
import { FullMessage } from '../../components/FullMessage';
import { RemedyLink } from '../../components/GuideLink';
import { Icon } from '../../components/Icon';
import { Link } from '../../components/Link';
import { PlainList } from '../../components/PlainList';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeText } from '../../components/TimeText';
import { checkName, checkSummary, checkTone } from '../../lib/check';
import {
  conditionKey,
  conditionLink,
  conditionMark,
  healthFace,
  stateWords,
} from '../../lib/health';
import classes from './HealthCard.module.css';

const icons = { ok: 'check', failed: 'alert', warning: 'alert', skipped: 'question' } as const;

export function HealthCard({ summary }: { summary: MetricSummary }) {
  const check = useCheck();
  const end = (
    <Button
      size="compact-xs"
      variant="default"
      leftSection={<Icon name="heartbeat" size={14} />}
      loading={check.isPending}
      onClick={() => check.mutate()}
    >
      Run check
    </Button>
  );
  return (
    <Card title="Health" end={end} isWide>
      <State report={summary.health} isChecked={check.data !== undefined} />
      <div aria-live="polite">
        {check.isPending ? (
          <Text size="sm" c="dimmed">
            Testing ThreatConnect, Microsoft Entra ID, the Sentinel workspace and the disk. This can
            take a minute.
          </Text>
        ) : check.error !== null ? (
          <ErrorPanel error={check.error} onRetry={() => check.mutate()} />
        ) : (
          check.data !== undefined && <Results report={check.data} />
        )}
      </div>
    </Card>
  );
}

/** How the Service is by its own account; why not, where it is not well. */
function State({ report, isChecked }: { report: HealthReport; isChecked: boolean }) {
  const { status, conditions } = report;
  const face = healthFace(status);
  return (
    <>
      <Group gap={6} wrap="nowrap">
        <StatusBadge tone={face.tone} icon={face.icon}>
          {face.label}
        </StatusBadge>
        <Text size="sm" c="dimmed">
          {stateWords(report, isChecked)}
        </Text>
      </Group>
      {conditions.length > 0 && (
        <PlainList className={classes.conditions} aria-label="Open problems">
          {conditions.map((condition) => (
            <Problem key={conditionKey(condition)} condition={condition} />
          ))}
        </PlainList>
      )}
    </>
  );
}

function Problem({ condition }: { condition: Condition }) {
  const mark = conditionMark(condition);
  const { href, label } = conditionLink(condition);
  return (
    <li className={classes.item} data-tone={mark.tone}>
      <Icon name={mark.icon} size={16} />
      <div className={classes.words}>
        <span className={classes.title}>
          <bdi>{condition.title}</bdi>
        </span>
        {condition.since !== null && (
          <>
            , since <TimeText value={condition.since} />
          </>
        )}
        {condition.remedy !== '' && <div className={classes.remedy}>{condition.remedy}</div>}
        <div dir="auto">{condition.detail}</div>
        <Group gap="2px 14px">
          {condition.link.screen !== 'dashboard' && <Link href={href}>{label}</Link>}
          <RemedyLink code={condition.code} />
        </Group>
        <FullMessage text={condition.reason} />
      </div>
    </li>
  );
}

function Results({ report }: { report: CheckReport }) {
  return (
    <>
      <Text size="sm" fw={600} mb={6}>
        {checkSummary(report.checks)}
      </Text>
      <PlainList className={classes.checks} aria-label="Results of the check">
        {report.checks.map((check) => (
          <Result key={check.name} check={check} />
        ))}
      </PlainList>
    </>
  );
}

function Result({ check }: { check: Check }) {
  return (
    <li className={classes.item} data-tone={checkTone(check)}>
      <Icon name={icons[check.status]} size={16} />
      <div className={classes.words}>
        <span className={classes.title}>{checkName(check.name)}</span>
        <VisuallyHidden>: {check.status}.</VisuallyHidden>
        {check.code !== null && (
          <>
            {' '}
            <ErrorCode code={check.code} />
          </>
        )}
        {check.remedy !== '' && <div className={classes.remedy}>{check.remedy}</div>}
        <div dir="auto">{check.message}</div>
        <FullMessage text={check.reason} />
      </div>
    </li>
  );
}
