/** The columns of the findings. */
import { Button, Text } from '@mantine/core';

import type { Finding } from '../../api/model';
import type { Column } from '../../components/DataTable';
import { CopyText } from '../../components/CopyText';
import { IndicatorName } from '../../components/IndicatorName';
import { JobMark } from '../../components/JobMark';
import { LongText } from '../../components/LongText';
import { Mono } from '../../components/Mono';
import { ReportedQueryName } from '../../components/ReportedQueryName';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeText } from '../../components/TimeText';
import { Words } from '../../components/Words';
import { typeLabel } from '../../lib/label';
import { canSendOne, isContext, kindFace } from '../../lib/finding';
import { kindName, objectTypeName } from '../../lib/verification';
import { Difference } from './Difference';
import classes from './VerifyPage.module.css';

/** The columns; in the last one the button that sends a single object again. */
export function findingColumns(onSend: (finding: Finding) => void): Column<Finding>[] {
  return [
    {
      key: 'object',
      heading: 'Object',
      width: '22%',
      cell: (finding) => <FindingName finding={finding} />,
    },
    {
      key: 'kind',
      heading: 'Finding',
      width: 196,
      cell: ({ kind }) => {
        const face = kindFace(kind);
        return (
          <StatusBadge tone={face.tone} icon={face.icon}>
            {kindName(kind)}
          </StatusBadge>
        );
      },
    },
    {
      key: 'difference',
      heading: 'In Sentinel',
      cell: (finding) => <Difference finding={finding} />,
    },
    {
      key: 'owner',
      heading: 'Owner',
      width: '11%',
      cell: ({ indicator }) => indicator?.owner && <Words>{indicator.owner}</Words>,
    },
    {
      key: 'query',
      heading: 'Query',
      width: '13%',
      cell: ({ query, held }) => held !== null && <ReportedQueryName query={query} />,
    },
    {
      key: 'accepted',
      heading: 'Accepted',
      width: 98,
      cell: ({ held }) => <TimeText value={held?.date_accepted} isNarrow />,
    },
    {
      key: 'action',
      heading: 'Sent Again',
      width: 112,
      cell: (finding) => <Action finding={finding} onSend={onSend} />,
    },
  ];
}

/** The Indicator, or a context object's name; of an object that nobody here has sent, its pattern. */
function FindingName({ finding }: { finding: Finding }) {
  const { indicator, held, pattern } = finding;
  if (isContext(finding)) return <ContextName finding={finding} />;
  if (indicator !== null && held !== null) {
    return (
      <>
        <IndicatorName indicator={indicator} />
        <span className={classes.aside}>{typeLabel(indicator.type ?? '')}</span>
      </>
    );
  }
  return (
    <>
      {pattern !== null && (
        <Mono>
          <LongText text={pattern} />
        </Mono>
      )}
      <CopyText what="STIX ID" value={finding.stix_id} />
    </>
  );
}

/** A relationship leads to the Indicator that it begins at. */
function ContextName({ finding }: { finding: Finding }) {
  const { indicator, held, name, stix_type: type } = finding;
  return (
    <>
      <Words>{name === null || name === '' ? finding.stix_id : name}</Words>
      <span className={classes.aside}>{objectTypeName(type)}</span>
      {indicator !== null && <IndicatorName indicator={indicator} />}
      {held === null && <CopyText what="STIX ID" value={finding.stix_id} />}
    </>
  );
}

function Action({ finding, onSend }: { finding: Finding; onSend: (finding: Finding) => void }) {
  const { request_id: requestId, is_requested: isRequested } = finding;
  const isOnItsWay = isContext(finding) && isRequested;
  if (requestId === null && !canSendOne(finding) && !isOnItsWay) return null;
  return (
    <div className={classes.row}>
      {requestId !== null && (
        <Text size="xs" component="div">
          {isRequested ? 'Queued: ' : 'Job '}
          <JobMark requestId={requestId} />
        </Text>
      )}
      {isOnItsWay && <Text size="xs">On its way</Text>}
      {canSendOne(finding) && (
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`Send again: ${finding.name ?? finding.indicator?.summary ?? finding.stix_id}`}
          onClick={() => onSend(finding)}
        >
          Send again
        </Button>
      )}
    </div>
  );
}
