/** Facts of the Service, in a dialog; never a secret. */
import { ActionIcon, Group, Skeleton, Tooltip } from '@mantine/core';
import { useState } from 'react';

import { useHealth } from '../api/health';
import type { Health } from '../api/model';
import { Dialog } from '../components/Dialog';
import { ErrorCode } from '../components/ErrorCode';
import { ErrorPanel } from '../components/ErrorPanel';
import { Facts, type Fact } from '../components/Facts';
import { Help } from '../components/Help';
import { Icon } from '../components/Icon';
import { Link } from '../components/Link';
import { StatusBadge } from '../components/StatusBadge';
import { TimeText } from '../components/TimeText';
import { guideAddress } from '../lib/guide';
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
            <Group display="inline-flex" gap={6} wrap="nowrap" mt="md" fz="sm" lh="sm">
              What the inputs of the Service mean <Help topic="Input" />
            </Group>
            <Group gap="lg" mt="md">
              <PageLink href={guideAddress('operations.html')}>Guide</PageLink>
              <PageLink href={guideAddress('troubleshooting.html')}>Troubleshooting</PageLink>
              <PageLink href="./licenses.txt">Open-source licenses</PageLink>
            </Group>
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

/** Opens in a tab of its own, so that nothing of this page is lost. */
function PageLink({ href, children }: { href: string; children: string }) {
  return (
    <Link href={href} target="_blank" rel="noreferrer">
      {children}
    </Link>
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
          <TimeText value={last.at} /> <ErrorCode code={last.code} /> {last.message}
        </>
      ) : (
        'None'
      ),
    },
  ];
}
