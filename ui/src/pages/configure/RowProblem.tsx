/** What is wrong with a query, below it in the list. */
import { Icon } from '../../components/Icon';
import { PlainList } from '../../components/PlainList';
import type { QueryFields, RowMessages } from '../../lib/draft';
import classes from './RowProblem.module.css';

const labels: Record<keyof QueryFields, string> = {
  name: 'Name',
  note: 'Note',
  is_enabled: 'Enabled',
  owners: 'Owners to Query',
  indicator_types: 'Indicator Types to Retrieve',
  tql: 'TQL',
  sort_field: 'Sort Field',
  sort_direction: 'Sort Direction',
};

export function RowProblem({ messages }: { messages: RowMessages }) {
  return (
    <div className={classes.problem}>
      <Icon name="alert" size={14} />
      <PlainList>
        {Object.entries(messages).map(([field, message]) => (
          <li key={field}>
            {field === 'row' ? message : `${labels[field as keyof QueryFields]}: ${message}`}
          </li>
        ))}
      </PlainList>
    </div>
  );
}
