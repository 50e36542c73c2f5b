/** The column that tells what a TQL query selects, and what came of it lately. */
import { Text, Tooltip } from '@mantine/core';

import type { LastCount, QueryResult } from '../../api/model';
import type { Column } from '../../components/DataTable';
import { Icon } from '../../components/Icon';
import { Link } from '../../components/Link';
import { NumberText } from '../../components/NumberText';
import { TimeText } from '../../components/TimeText';
import { counted } from '../../lib/number';
import { jobWords, overlapShare, trendWords } from '../../lib/queryResult';
import { formatHash } from '../../lib/route';
import { Quiet } from './queryColumns';
import type { Row } from './queryRow';
import classes from './QueryTable.module.css';

/** Not while the list is edited: what is not saved has no result. */
export function resultColumn(
  counts: readonly LastCount[],
  results: readonly QueryResult[],
): Column<Row> {
  const countById = new Map(counts.map((count) => [count.query_id, count]));
  const resultById = new Map(results.map((result) => [result.query_id, result]));
  return {
    key: 'result',
    heading: 'Last Result',
    width: 170,
    cell: ({ id }) => (
      <>
        <Count count={countById.get(id ?? '')} />
        <Result result={resultById.get(id ?? '')} />
      </>
    ),
  };
}

function Count({ count }: { count: LastCount | undefined }) {
  if (count === undefined) return <Quiet>Not run yet</Quiet>;
  return (
    <>
      <Tooltip label="Indicators that the latest completed full or reconcile Job of the query read">
        <NumberText>{counted(count.last_count, 'Indicator')}</NumberText>
      </Tooltip>
      <Text component="div" fz="xs" c="dimmed">
        <TimeText value={count.last_counted} />
      </Text>
    </>
  );
}

function Result({ result }: { result: QueryResult | undefined }) {
  const last = result?.recent.at(-1);
  if (result === undefined || last === undefined) return null;
  const share = overlapShare(result);
  // As JOBS shows it.
  const tone = last.status === 'Failed' ? 'bad' : last.count_refused > 0 ? 'warning' : undefined;
  return (
    <>
      <div className={classes.result}>
        <Link href={formatHash('jobs', { query_id: result.query_id })} data-tone={tone}>
          {tone !== undefined && <Icon name={tone === 'bad' ? 'alert' : 'warning'} size={13} />}
          Last Job: {jobWords(last)}
        </Link>
        {result.recent.length > 1 && <Trend recent={result.recent} />}
      </div>
      {share !== null && (
        <Text component="div" fz="xs" c="dimmed">
          {share}
        </Text>
      )}
    </>
  );
}

const BAR_PX = 4;
const GAP_PX = 2;
const HEIGHT_PX = 14;

/** One bar for each of the last Jobs, as high as what it sent. */
function Trend({ recent }: Pick<QueryResult, 'recent'>) {
  const most = Math.max(1, ...recent.map(({ count_sent: sent }) => sent));
  const words = trendWords(recent);
  return (
    <Tooltip label={words}>
      <svg
        role="img"
        aria-label={words}
        width={recent.length * (BAR_PX + GAP_PX)}
        height={HEIGHT_PX}
        className={classes.trend}
      >
        {recent.map((job, index) => {
          const height = Math.max(1, (HEIGHT_PX * job.count_sent) / most);
          return (
            <rect
              key={job.request_id}
              x={index * (BAR_PX + GAP_PX)}
              y={HEIGHT_PX - height}
              width={BAR_PX}
              height={height}
              data-bad={job.status === 'Failed' || undefined}
            />
          );
        })}
      </svg>
    </Tooltip>
  );
}
