/** Facts of the Service, in a dialog; never a secret. */
import { ActionIcon, Group, Skeleton, Title, Tooltip } from '@mantine/core';
import { lazy, Suspense, useState, type ComponentType } from 'react';

import { useHealth } from '../api/health';
import type { Health } from '../api/model';
import { Dialog } from '../components/Dialog';
import { ErrorCode } from '../components/ErrorCode';
import { ErrorPanel } from '../components/ErrorPanel';
import { Facts, type Fact } from '../components/Facts';
import { GuideLink } from '../components/GuideLink';
import { Help } from '../components/Help';
import { Icon } from '../components/Icon';
import { Link } from '../components/Link';
import { StatusBadge } from '../components/StatusBadge';
import { TimeText } from '../components/TimeText';
import { guidePages } from '../lib/guide';
import { healthFace } from '../lib/health';
import classes from './AboutButton.module.css';
import type { ContentDownloadProps } from './ContentDownload';

interface Loaded {
  default: ComponentType<ContentDownloadProps>;
}

/** Seldom needed, and so in the file that comes later. */
const ContentDownload = lazy(() =>
  import('../pages/further').then(
    ({ ContentDownload: Download }): Loaded => ({ default: Download }),
    (): Loaded => ({ default: () => null }),
  ),
);

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
      <Dialog isOpen={isOpen} onClose={() => setIsOpen(false)} title="About this Service" size="lg">
        {health.data !== undefined ? (
          <>
            <Facts facts={factsOf(health.data)} />
            <Group display="inline-flex" gap={6} wrap="nowrap" mt="md" fz="sm" lh="sm">
              What the inputs of the Service mean <Help topic="Input" />
            </Group>
            <Suspense fallback={null}>
              <ContentDownload sourceSystem={health.data.service.source_system} />
            </Suspense>
            <GuideList />
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

/** All that the App has to read, in the order in which a reader needs it. */
function GuideList() {
  return (
    <section className={classes.guide} aria-labelledby="about-guide">
      <Title order={3} size="sm" id="about-guide">
        Documents
      </Title>
      <ul>
        {Object.entries(guidePages).map(([name, { title, about }]) => (
          <li key={name}>
            <GuideLink to={`${name}.html`}>{title}</GuideLink>
            <div>{about}</div>
          </li>
        ))}
        <li>
          <Link href="./licenses.txt" target="_blank" rel="noreferrer">
            Open-source licenses
          </Link>
          <div>Of the components of this page</div>
        </li>
      </ul>
    </section>
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
