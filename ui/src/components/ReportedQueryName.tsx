/** The TQL query that something was sent for, by what it is called now. */
import { Text } from '@mantine/core';

import type { ReportedQuery } from '../api/model';
import { QueryName } from './QueryName';

export function ReportedQueryName({ query }: { query: ReportedQuery | null }) {
  if (query === null) {
    return (
      <Text span inherit c="dimmed">
        Deleted query
      </Text>
    );
  }
  return (
    <>
      <QueryName position={query.position} query={query} />
      {query.position === null && (
        <Text size="xs" c="dimmed">
          deleted
        </Text>
      )}
    </>
  );
}
