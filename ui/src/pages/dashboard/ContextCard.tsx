/** How the context behind the Indicators stands, in a few words. */
import { Text } from '@mantine/core';

import type { Context } from '../../api/model';
import { Card } from '../../components/Card';
import { ErrorCode } from '../../components/ErrorCode';
import { Flag, FlagLink } from '../../components/Flag';
import { Link } from '../../components/Link';
import { PauseText } from '../../components/PauseText';
import { leftWords, liveWords, waitingWords } from '../../lib/context';
import { formatCount } from '../../lib/number';
import { formatHash } from '../../lib/route';

const place = formatHash('reports/context');

export function ContextCard({ context }: { context: Context }) {
  const waits = waitingWords(context);
  const left = leftWords(context);
  return (
    <Card title="Context" isWide end={<Link href={place}>View in CONTEXT</Link>}>
      <Text size="sm">{liveWords(context)} in Sentinel</Text>
      {context.pause !== null && <PauseText {...context.pause} />}
      {waits !== '' && (
        <Text size="sm" c="dimmed">
          {waits}
          {left !== null && `. ${left}`}
        </Text>
      )}
      {context.count_refused > 0 && (
        <div>
          <FlagLink href={place}>{formatCount(context.count_refused)} refused</FlagLink>
        </div>
      )}
      {context.error !== null && (
        <div>
          <Flag tone="bad">It cannot be sent now</Flag> <ErrorCode code={context.error.code} />
        </div>
      )}
    </Card>
  );
}
