/** The code of an error; it leads to what the guide says of its cause and remedy. */
import { Text } from '@mantine/core';

import { remedyPlace } from '../lib/guide';
import { GuideLink } from './GuideLink';

export function ErrorCode({ code }: { code: string }) {
  return (
    <GuideLink isMono to={remedyPlace(code)} title="Cause and remedy (in a new tab)">
      {code}
    </GuideLink>
  );
}

/** The code of a failed call, below its message. */
export function CodeLine({ code }: { code: string }) {
  return (
    <Text size="xs" c="dimmed" mt={4}>
      Code <ErrorCode code={code} />
    </Text>
  );
}
