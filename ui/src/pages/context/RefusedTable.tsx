/** What Sentinel refuses of the context, and the button that sends it again. */
import { Button } from '@mantine/core';
import { useState } from 'react';

import { useRefusedContext, useSendContext } from '../../api/context';
import type { RefusedContextObject } from '../../api/model';
import type { Place } from '../../api/report';
import { Card } from '../../components/Card';
import { CopyText } from '../../components/CopyText';
import { DataTable, type Column } from '../../components/DataTable';
import { EmptyState } from '../../components/EmptyState';
import { ErrorCode } from '../../components/ErrorCode';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Icon } from '../../components/Icon';
import { LongText } from '../../components/LongText';
import { NumberText } from '../../components/NumberText';
import { Pager } from '../../components/Pager';
import { TimeText } from '../../components/TimeText';
import { Words } from '../../components/Words';
import { kindWord } from '../../lib/context';
import { capitalized, counted, formatCount } from '../../lib/number';
import { showToast } from '../../shell/toast';
import classes from './ContextPage.module.css';

export function RefusedTable({ count }: { count: number }) {
  const [place, setPlace] = useState<Place>({ limit: 20, offset: 0 });
  const refused = useRefusedContext(place);
  return (
    <Card title="Refused by Sentinel" end={<SendAgain count={count} />}>
      {refused.error !== null && refused.data === undefined ? (
        <ErrorPanel
          error={refused.error}
          onRetry={() => void refused.refetch()}
          isRetrying={refused.isFetching}
        />
      ) : (
        <DataTable<RefusedContextObject>
          label="Refused context objects"
          columns={columns}
          rows={refused.data?.data}
          rowKey={(each) => each.id}
          minWidth={860}
          isFixed
          isStacked
          empty={<EmptyState title="Nothing is refused any more" />}
        />
      )}
      {refused.data !== undefined && refused.data.total_count > place.limit && (
        <Pager
          noun="refused object"
          total={refused.data.total_count}
          limit={place.limit}
          offset={place.offset}
          onChange={setPlace}
        />
      )}
    </Card>
  );
}

function SendAgain({ count }: { count: number }) {
  const send = useSendContext();
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<Icon name="upload" size={14} />}
        loading={send.isPending}
        onClick={() =>
          send.mutate(undefined, {
            onSuccess: () =>
              showToast({
                tone: 'good',
                title: 'Sent again, after the Indicators',
                text: counted(count, 'context object'),
              }),
            onError: (error) =>
              showToast({ tone: 'bad', title: error.title, text: error.description }),
          })
        }
      >
        Send again
      </Button>
    </>
  );
}

const columns: Column<RefusedContextObject>[] = [
  {
    key: 'name',
    heading: 'Object',
    width: '28%',
    cell: (each) => <RefusedName each={each} />,
  },
  {
    key: 'code',
    heading: 'Code',
    width: 110,
    cell: ({ refusal }) => <ErrorCode code={refusal.code} />,
  },
  {
    key: 'reason',
    heading: 'Reason',
    cell: ({ refusal }) => <LongText text={refusal.reason} />,
  },
  {
    key: 'attempts',
    heading: 'Attempts',
    align: 'right',
    width: 84,
    cell: ({ refusal }) => <NumberText>{formatCount(refusal.attempts)}</NumberText>,
  },
  {
    key: 'date',
    heading: 'Refused',
    width: 98,
    cell: ({ refusal }) => <TimeText value={refusal.date_refused} isNarrow />,
  },
];

function RefusedName({ each }: { each: RefusedContextObject }) {
  return (
    <>
      {each.summary !== null && (
        <>
          <Words>{each.summary}</Words> and{' '}
        </>
      )}
      <Words>{each.name}</Words>
      <span className={classes.aside}>
        {capitalized(kindWord(each.kind))}
        {each.is_live && '; Sentinel keeps the version before'}
      </span>
      <CopyText what="STIX ID" value={each.stix_id} />
    </>
  );
}
