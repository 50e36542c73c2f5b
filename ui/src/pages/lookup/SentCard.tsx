/** One object that Sentinel has accepted: where it came from, what it says, and how to find it there. */
import { Anchor, Tooltip, VisuallyHidden } from '@mantine/core';

import type { QueryMark, SentObject } from '../../api/model';
import { Card } from '../../components/Card';
import { CodeBlock } from '../../components/CodeBlock';
import { CopyText } from '../../components/CopyText';
import { Facts, type Fact } from '../../components/Facts';
import { Icon } from '../../components/Icon';
import { IndicatorName } from '../../components/IndicatorName';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeText } from '../../components/TimeText';
import { typeLabel } from '../../lib/label';
import { webAddress } from '../../lib/link';
import { objectName, stateFace } from '../../lib/lookup';
import { counted } from '../../lib/number';
import { JobLink } from '../jobs/JobLink';
import { AskSentinel } from './AskSentinel';
import classes from './SentCard.module.css';
import { TakenBy } from './TakenBy';

interface SentCardProps {
  sent: SentObject;
  /** Those that are saved. */
  queries: readonly QueryMark[];
}

export function SentCard({ sent, queries }: SentCardProps) {
  const face = stateFace(sent.state);
  return (
    <Card
      title={`Sent: ${objectName(typeLabel(sent.type ?? ''), sent.hash_kind)}`}
      end={
        <StatusBadge tone={face.tone} icon={sent.state === 'live' ? 'check' : 'cancel'}>
          {face.name}
        </StatusBadge>
      }
    >
      <div className={classes.parts}>
        <div>
          <Facts facts={factsOf(sent, queries)} />
          <CodeBlock
            label="KQL query"
            text={sent.kql}
            end={<PortalLink href={sent.portal_link} />}
          />
        </div>
        <CodeBlock
          label={`Object as sent, ${sent.stix.verdict}`}
          text={JSON.stringify(sent.stix.object, null, 2)}
        />
      </div>
      <AskSentinel
        stixId={sent.stix_id}
        of={[sent.summary, sent.hash_kind].filter(Boolean).join(', ')}
      />
    </Card>
  );
}

/** The portal is another site: nothing of it is loaded here. */
function PortalLink({ href }: { href: string }) {
  const address = webAddress(href);
  if (address === null) return null;
  return (
    <Tooltip label="Advanced hunting in the Defender portal, if your workspace is connected there">
      <Anchor href={address} target="_blank" rel="noreferrer" size="xs">
        Open in Microsoft Sentinel <Icon name="external" size={12} />
        <VisuallyHidden>, in a new tab</VisuallyHidden>
      </Anchor>
    </Tooltip>
  );
}

function factsOf(sent: SentObject, queries: readonly QueryMark[]): Fact[] {
  return [
    { name: 'Indicator', value: <IndicatorName indicator={sent} isLookedUp /> },
    { name: 'Owner', value: <bdi>{sent.owner}</bdi> },
    { name: 'TQL query', value: <TakenBy position={sent.position} queries={queries} /> },
    { name: 'First sent', value: <TimeText value={sent.first_sent} /> },
    { name: 'Last sent', value: <TimeText value={sent.date_sent} /> },
    { name: 'Response', value: 'Accepted' },
    { name: 'Sent by Job', value: <JobLink requestId={sent.request_id} /> },
    {
      name: sent.state === 'withdrawn' ? 'Valid until, as sent' : 'Valid until',
      value: <TimeText value={sent.valid_until} />,
    },
    {
      name: 'Sent again',
      value: sent.generation > 0 && `${counted(sent.generation, 'time')} after a withdrawal`,
    },
    { name: 'STIX ID', value: <CopyText what="STIX ID" value={sent.stix_id} /> },
    { name: 'Sentinel ID', value: <CopyText what="Sentinel ID" value={sent.sentinel_id} /> },
  ];
}
