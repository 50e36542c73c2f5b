/** "Save Changes": discard them, or save them and choose the mode of the next update. */
import { Button, Group, Stack, Text } from '@mantine/core';
import { lazy, Suspense, useState, type ComponentType } from 'react';

import { ConfirmDialog } from '../../components/ConfirmDialog';
import danger from '../../components/danger.module.css';
import { Dialog, DialogFoot } from '../../components/Dialog';
import { Notice } from '../../components/Notice';
import { bodyOf, describeChanges, type Changes, type Draft } from '../../lib/draft';
import { capitalized, counted } from '../../lib/number';
import classes from './SaveDialog.module.css';
import type { SaveEffectProps } from './SaveEffect';

interface Loaded {
  default: ComponentType<SaveEffectProps>;
}

/** Needed when this window opens, and so in the file that comes later. Without it, one can save. */
const SaveEffect = lazy(() =>
  import('../further').then(
    ({ SaveEffect: Effect }): Loaded => ({ default: Effect }),
    (): Loaded => ({ default: () => null }),
  ),
);

interface SaveDialogProps {
  draft: Draft;
  changes: Changes;
  /** How many queries are saved now. */
  savedCount: number;
  isSaving: boolean;
  /** Ids of deleted queries whose objects are withdrawn come along. */
  onSave: (run: 'delta' | 'full', withdraw: string[]) => void;
  /** Cancel: the changes are discarded. */
  onDrop: () => void;
  /** Escape or the cross: back to editing, nothing is lost. */
  onClose: () => void;
}

export function SaveDialog(props: SaveDialogProps) {
  const { draft, changes, savedCount, isSaving, onSave, onDrop, onClose } = props;
  const [withdraw, setWithdraw] = useState<string[]>([]);
  const { version, queries } = bodyOf(draft, 'delta');
  const isEmpty = queries.length === 0;
  return (
    <Dialog isOpen onClose={onClose} title="Save Changes" size={700} isClosedByClick={false}>
      <Stack gap="sm">
        <Text size="sm">
          {capitalized(describeChanges(changes))}.{' '}
          {!isEmpty &&
            'Your changes are saved either way. Choose what the next scheduled update sends.'}
        </Text>
        <Suspense fallback={null}>
          <SaveEffect
            body={{ version, queries, withdraw: [] }}
            withdraw={withdraw}
            onWithdraw={setWithdraw}
          />
        </Suspense>
        {isEmpty ? (
          <EmptyNotice count={savedCount} />
        ) : (
          <Modes isFullBetter={isFullBetter(changes)} />
        )}
        <Text size="xs" c="dimmed">
          Cancel discards your changes. Close this window to keep editing.
        </Text>
        <DialogFoot>
          <Group justify="flex-end" gap="sm">
            <Button
              variant="default"
              onClick={onDrop}
              disabled={isSaving}
              title="Discards your changes"
            >
              Cancel
            </Button>
            {isEmpty ? (
              <DeleteAll
                count={savedCount}
                isSaving={isSaving}
                onConfirm={() => onSave('delta', withdraw)}
              />
            ) : (
              (['delta', 'full'] as const).map((run) => (
                <Button
                  key={run}
                  variant={isFullBetter(changes) === (run === 'full') ? 'filled' : 'default'}
                  onClick={() => onSave(run, withdraw)}
                  loading={isSaving}
                >
                  {run === 'full' ? 'Save and Run Full Update' : 'Save and Run Delta Update'}
                </Button>
              ))
            )}
          </Group>
        </DialogFoot>
      </Stack>
    </Dialog>
  );
}

function isFullBetter({ added, edited }: Changes): boolean {
  return added + edited > 0;
}

function Modes({ isFullBetter: isBetter }: { isFullBetter: boolean }) {
  return (
    <dl className={classes.modes}>
      <div>
        <dt>Delta</dt>
        <dd>Only Indicators modified since the last update.</dd>
      </div>
      <div>
        <dt>Full</dt>
        <dd>
          Everything the queries return.
          {isBetter &&
            ' Recommended: a delta would skip older Indicators of the new or edited queries.'}
        </dd>
      </div>
    </dl>
  );
}

function EmptyNotice({ count }: { count: number }) {
  return (
    <Notice
      tone="bad"
      isLive
      title={
        count === 1 ? 'You are deleting the only query' : `You are deleting all ${count} queries`
      }
    >
      <Text size="sm">No Indicators are sent to Microsoft Sentinel until a query is added.</Text>
    </Notice>
  );
}

interface DeleteAllProps {
  count: number;
  isSaving: boolean;
  onConfirm: () => void;
}

/** Asks once more: nothing would be sent after that. */
function DeleteAll({ count, isSaving, onConfirm }: DeleteAllProps) {
  const [isAsked, setIsAsked] = useState(false);
  return (
    <>
      <Button className={danger.filled} loading={isSaving} onClick={() => setIsAsked(true)}>
        Save and Delete All Queries
      </Button>
      {isAsked && (
        <ConfirmDialog
          isOpen
          title={`Delete ${counted(count, 'query', 'queries')}?`}
          action="Delete All Queries"
          isBusy={isSaving}
          onCancel={() => setIsAsked(false)}
          onConfirm={onConfirm}
        >
          <Text size="sm">
            The list will be empty, and no update is planned until you add a query.
          </Text>
        </ConfirmDialog>
      )}
    </>
  );
}
