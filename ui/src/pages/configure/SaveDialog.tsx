/** "Save Changes": drop them, or store them and choose the mode of the next update. */
import { Button, Group, Stack, Text } from '@mantine/core';

import { Dialog } from '../../components/Dialog';
import { describeChanges, type Changes } from '../../lib/draft';

interface SaveDialogProps {
  isOpen: boolean;
  changes: Changes | null;
  isSaving: boolean;
  onSave: (run: 'delta' | 'full') => void;
  /** Cancel: the changes are dropped. */
  onDrop: () => void;
  /** Escape or the cross: back to editing, nothing is lost. */
  onClose: () => void;
}

export function SaveDialog({
  isOpen,
  changes,
  isSaving,
  onSave,
  onDrop,
  onClose,
}: SaveDialogProps) {
  const isFullBetter = changes !== null && changes.added + changes.edited > 0;
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title="Save Changes"
      size={700}
      isClosedByClick={false}
    >
      <Stack gap="sm">
        <Text size="sm">
          {changes === null ? '' : `${describeChanges(changes)}. `}Both ways store the list; the
          next scheduled update then goes over it.
        </Text>
        <dl className="app-choices">
          <div>
            <dt>Delta</dt>
            <dd>Sends only what was modified after the last run.</dd>
          </div>
          <div>
            <dt>Full</dt>
            <dd>
              Sends everything the queries return.
              {isFullBetter &&
                ' Recommended here: a new or edited query has older Indicators that a delta would leave out.'}
            </dd>
          </div>
        </dl>
        <Text size="xs" c="dimmed">
          Cancel drops the changes. To go on editing, close this window.
        </Text>
        <Group justify="flex-end" gap="sm" mt="xs">
          <Button variant="default" onClick={onDrop} disabled={isSaving} title="Drops the changes">
            Cancel
          </Button>
          <Button
            variant={isFullBetter ? 'default' : 'filled'}
            onClick={() => onSave('delta')}
            loading={isSaving}
          >
            Save and Run Delta Update
          </Button>
          <Button
            variant={isFullBetter ? 'filled' : 'default'}
            onClick={() => onSave('full')}
            loading={isSaving}
          >
            Save and Run Full Update
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
