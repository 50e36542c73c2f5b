/** What is wrong with a query, below it in the list. */
import { Icon } from '../../components/Icon';
import type { QueryFields, RowMessages } from '../../lib/draft';

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
    <div className="app-row-problem">
      <Icon name="alert" size={14} />
      <ul className="app-plain-list">
        {Object.entries(messages).map(([field, message]) => (
          <li key={field}>
            {field === 'row' ? message : `${labels[field as keyof QueryFields]}: ${message}`}
          </li>
        ))}
      </ul>
    </div>
  );
}
