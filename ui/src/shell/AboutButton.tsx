/** Facts of the Service, in a dialog; never a secret. */
import { ActionIcon, Skeleton, Text, Tooltip } from '@mantine/core';
import { useState } from 'react';

import { useHealth } from '../api/health';
import type { Health } from '../api/model';
import { Dialog } from '../components/Dialog';
import { ErrorPanel } from '../components/ErrorPanel';
import { Facts, type Fact } from '../components/Facts';
import { Help } from '../components/Help';
import { Icon } from '../components/Icon';
import { StatusBadge } from '../components/StatusBadge';
import { TimeText } from '../components/TimeText';
import { healthFace } from '../lib/health';

export function AboutButton() {
  const [isOpen, setIsOpen] = useState(false);
  const health = useHealth(isOpen);
  return (
    <>
      <Tooltip label="About this Service">
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label="About this Service"
          onClick={() => setIsOpen(true)}
        >
          <Icon name="info" size={18} />
        </ActionIcon>
      </Tooltip>
      <Dialog isOpen={isOpen} onClose={() => setIsOpen(false)} title="About this Service">
        {health.data !== undefined ? (
          <>
            <Facts facts={factsOf(health.data)} />
            <Text size="sm" mt="md" className="app-inline">
              What the inputs of the Service mean <Help topic="Input" />
            </Text>
            <Text size="sm" mt="md">
              <a className="app-link" href="./licences.txt" target="_blank" rel="noreferrer">
                Open-source licenses
              </a>
            </Text>
          </>
        ) : health.error !== null ? (
          <ErrorPanel
            error={health.error}
            onRetry={() => void health.refetch()}
            isRetrying={health.isFetching}
          />
        ) : (
          <Skeleton height={160} />
        )}
      </Dialog>
    </>
  );
}

function factsOf(health: Health): Fact[] {
  const { service, next_update: next, last_error: last } = health;
  const face = healthFace(health.status);
  return [
    {
      name: 'Status',
      value: (
        <StatusBadge tone={face.tone} icon={face.icon}>
          {face.label}
        </StatusBadge>
      ),
    },
    { name: 'Version', value: health.version },
    { name: 'Service started', value: <TimeText value={health.started_at} /> },
    {
      name: 'Next update',
      value: next ? (
        <>
          {next.mode}, <TimeText value={next.at} />
        </>
      ) : (
        'None planned'
      ),
    },
    { name: 'Organization', value: service.organization },
    { name: 'Source name', value: service.source_name },
    { name: 'Workspace ID', value: `ends in ${service.workspace_id_end}` },
    { name: 'Azure cloud', value: service.cloud },
    {
      name: 'Last error',
      value: last ? (
        <>
          <TimeText value={last.at} /> <span className="app-mono">{last.code}</span> {last.message}
        </>
      ) : (
        'None'
      ),
    },
  ];
}
