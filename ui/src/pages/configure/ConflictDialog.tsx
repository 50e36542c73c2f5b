/** Somebody else saved meanwhile: both lists side by side, and the reader decides. */
import { Button, Group, Text, Title } from '@mantine/core';

import type { Configure } from '../../api/model';
import { Dialog } from '../../components/Dialog';
import type { Draft, QueryFields } from '../../lib/draft';

interface ConflictDialogProps {
  /** The newer saved list; without one there is no conflict. */
  newer: Configure | null;
  draft: Draft | null;
  onTakeNewer: () => void;
  onKeepMine: () => void;
  onClose: () => void;
}

export function ConflictDialog({
  newer,
  draft,
  onTakeNewer,
  onKeepMine,
  onClose,
}: ConflictDialogProps) {
  const isOpen = newer !== null && draft !== null;
  return (
    <Dialog isOpen={isOpen} onClose={onClose} title="Somebody else saved meanwhile" size="xl">
      <Text size="sm">
        The list was saved by somebody else after you began to edit. Yours is not stored, and
        nothing is lost yet.
      </Text>
      <div className="app-two-lists">
        <ListOf title="Saved list" queries={newer?.queries ?? []} />
        <ListOf title="Your list" queries={draft?.rows ?? []} />
      </div>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" className="app-danger-quiet" onClick={onTakeNewer}>
          Load the saved list, drop mine
        </Button>
        <Button onClick={onKeepMine}>Keep my list and go on editing</Button>
      </Group>
      <Text size="xs" c="dimmed" mt="xs" ta="right">
        Kept, your list replaces the saved one when you save again.
      </Text>
    </Dialog>
  );
}

function ListOf({ title, queries }: { title: string; queries: readonly QueryFields[] }) {
  return (
    <section aria-label={title}>
      <Title order={3} size="h6">
        {title}
      </Title>
      <ol>
        {queries.map((query, index) => (
          <li key={index}>
            <strong>{query.owners.join(', ')}</strong>
            <code className="app-tql">{query.tql}</code>
          </li>
        ))}
      </ol>
      {queries.length === 0 && (
        <Text size="sm" c="dimmed">
          No queries
        </Text>
      )}
    </section>
  );
}
