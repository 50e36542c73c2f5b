/** Whether all that the Service depends on is as it must be, tried now when asked for. */
import { Button, Text } from '@mantine/core';

import { useCheck, useHealth } from '../../api/health';
import type { Check, CheckReport, MetricSummary } from '../../api/model';
import { Card } from '../../components/Card';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Icon } from '../../components/Icon';
import { Notice } from '../../components/Notice';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeText } from '../../components/TimeText';
import { checkName, checkSummary, checkTone } from '../../lib/check';

const icons = { ok: 'check', failed: 'alert', skipped: 'question' } as const;

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
      Check now
    </Button>
  );
  return (
    <Card title="Health" end={end} isWide>
      <State summary={summary} />
      <div aria-live="polite">
        {check.isPending ? (
          <Text size="sm" c="dimmed">
            ThreatConnect, Microsoft Entra ID, the Sentinel workspace and the disk are tried one by
            one. That may take a minute.
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
function State({ summary }: { summary: MetricSummary }) {
  const isWell = summary.health === 'ok';
  const health = useHealth(!isWell);
  const last = health.data?.last_error;
  return (
    <>
      <div className="app-inline">
        {isWell ? (
          <StatusBadge tone="good" icon="check">
            OK
          </StatusBadge>
        ) : (
          <StatusBadge tone="warning" icon="warning">
            Degraded
          </StatusBadge>
        )}
        <Text size="sm" c="dimmed">
          {isWell
            ? 'The Service has met no error that lasts. Check now tries everything it depends on.'
            : 'Something keeps the Service from its work.'}
        </Text>
      </div>
      {!isWell &&
        health.data?.storage.warnings.map((warning) => (
          <Notice key={warning} tone="warning">
            {warning}
          </Notice>
        ))}
      {!isWell && last != null && (
        <Notice tone="warning" title={`Last error: ${last.code}`}>
          <Text size="sm" dir="auto">
            {last.message}
          </Text>
          <Text size="xs" c="dimmed" component="div" mt={4}>
            <TimeText value={last.at} />
          </Text>
        </Notice>
      )}
    </>
  );
}

function Results({ report }: { report: CheckReport }) {
  return (
    <>
      <Text size="sm" fw={600} mb={6}>
        {checkSummary(report.checks)}
      </Text>
      <ul className="app-checks" aria-label="Results of the check">
        {report.checks.map((check) => (
          <Result key={check.name} check={check} />
        ))}
      </ul>
    </>
  );
}

function Result({ check }: { check: Check }) {
  const tone = checkTone(check);
  return (
    <li className="app-check" data-tone={tone}>
      <span className="app-check-icon">
        <Icon name={icons[check.status]} size={16} />
      </span>
      <span className="app-check-name">
        {checkName(check.name)}
        <span className="app-hidden">: {check.status}.</span>
      </span>
      <div className="app-words">
        <span dir="auto">{check.message}</span>{' '}
        {check.code !== null && <span className="app-mono app-quiet">{check.code}</span>}
        {check.remedy !== '' && <div className="app-check-remedy">{check.remedy}</div>}
      </div>
    </li>
  );
}
