/** The sentence about an update, with its times and queries as the page writes them. */
import type { Update } from '../../api/model';
import { QueryName } from '../../components/QueryName';
import { TimeText } from '../../components/TimeText';
import { updateSentence } from '../../lib/updateSentence';

export function UpdateSentence({ update }: { update: Update }) {
  return updateSentence(update).map((part, index) => {
    // The whole sentence is replaced.
    const key = String(index);
    if (typeof part === 'string') return <span key={key}>{part}</span>;
    if ('at' in part) return <TimeText key={key} value={part.at} />;
    return (
      <QueryName key={key} position={part.query.current_position} query={part.query} isInline />
    );
  });
}
