/** "Save Changes": discard them, or save them and choose the mode of the next update. */
import { Button, Group, Stack, Text } from '@mantine/core';

import { Dialog } from '../../components/Dialog';
import { describeChanges, type Changes } from '../../lib/draft';
import { capitalized } from '../../lib/number';

interface SaveDialogProps {
  isOpen: boolean;
  changes: Changes | null;
  isSaving: boolean;
  onSave: (run: 'delta' | 'full') => void;
  /** Cancel: the changes are discarded. */
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
          {changes === null ? '' : `${capitalized(describeChanges(changes))}. `}Your changes are
          saved either way. Choose what the next scheduled update sends.
        </Text>
        <dl className="app-choices">
          <div>
            <dt>Delta</dt>
            <dd>Only Indicators modified since the last update.</dd>
          </div>
          <div>
            <dt>Full</dt>
            <dd>
              Everything the queries return.
              {isFullBetter &&
                ' Recommended: a delta would skip older Indicators of the new or edited queries.'}
            </dd>
          </div>
        </dl>
        <Text size="xs" c="dimmed">
          Cancel discards your changes. Close this window to keep editing.
        </Text>
        <Group justify="flex-end" gap="sm" mt="xs">
          <Button
            variant="default"
            onClick={onDrop}
            disabled={isSaving}
            title="Discards your changes"
          >
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
