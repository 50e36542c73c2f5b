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

/** Under the words of a call that did not give its answer. */
export function CodeLine({ code }: { code: string }) {
  return (
    <Text size="xs" c="dimmed" mt={4}>
      Code <ErrorCode code={code} />
    </Text>
  );
}
