/** What Sentinel has instead of what was sent, a line for each difference. */
import { Text } from '@mantine/core';
import { Fragment } from 'react';

import type { Finding } from '../../api/model';
import { GuideLink } from '../../components/GuideLink';
import { TimeText } from '../../components/TimeText';
import { differencesOf, type DifferencePart } from '../../lib/finding';
import classes from './VerifyPage.module.css';

export function Difference({ finding }: { finding: Finding }) {
  return (
    <div className={classes.differences}>
      {differencesOf(finding).map((parts, index) => (
        // Their order and number are those of one finding.
        <div key={index}>
          <Parts parts={parts} />
        </div>
      ))}
      {finding.helps_pattern_style && (
        <Text size="xs" c="dimmed" component="div">
          Set the input Pattern Style to <em>As logs write it</em>.{' '}
          <GuideLink to="mapping.html#what-matches">What matches</GuideLink>
        </Text>
      )}
    </div>
  );
}

function Parts({ parts }: { parts: readonly DifferencePart[] }) {
  return parts.map((part, index) => (
    <Fragment key={index}>
      {typeof part === 'string' ? part : <TimeText value={part.at} />}
    </Fragment>
  ));
}
