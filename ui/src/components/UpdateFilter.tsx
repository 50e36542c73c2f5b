/** What a link to one update has narrowed a list to, and the way back to all. */
import { Button } from '@mantine/core';

interface UpdateFilterProps {
  /** Empty for all. */
  updateId: string;
  onChange: (updateId: string) => void;
}

export function UpdateFilter({ updateId, onChange }: UpdateFilterProps) {
  if (updateId === '') return null;
  return (
    <Button variant="light" title={`Update ${updateId}`} onClick={() => onChange('')}>
      Show all updates
    </Button>
  );
}
