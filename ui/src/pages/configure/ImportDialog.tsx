/** Replaces the saved list with a file: what is in it, what would change, and which update follows. */
import { Button, FileButton, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import type { Configure } from '../../api/model';
import { Dialog } from '../../components/Dialog';
import { Icon } from '../../components/Icon';
import { Notice } from '../../components/Notice';
import { TimeText } from '../../components/TimeText';
import { describeChanges, hasChanges, messagesByRow } from '../../lib/draft';
import { capitalized, counted } from '../../lib/number';
import { comparison, messagesInFile } from '../../lib/transfer';
import { ImportLists } from './ImportLists';
import { useImporting, type Picked, type Run } from './useImporting';

interface ImportDialogProps {
  saved: Configure;
  onImported: (run: Run, count: number) => void;
  onClose: () => void;
}

export function ImportDialog({ saved, onImported, onClose }: ImportDialogProps) {
  const importing = useImporting(saved, onImported);
  const { picked, mistake } = importing;
  return (
    <Dialog isOpen onClose={onClose} title="Import TQL Queries" size={980} isClosedByClick={false}>
      <Stack gap="md">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Text size="sm">
            Choose a file saved by Export, from this or another Service. Importing replaces the
            whole list.
          </Text>
          <PickButton isFirst={picked === null} onPick={(file) => void importing.pick(file)} />
        </Group>
        {mistake !== null && (
          <Notice tone="bad" isLive title={mistake.title}>
            <Text size="sm">{mistake.description}</Text>
          </Notice>
        )}
        {picked !== null && <Found picked={picked} importing={importing} />}
        <div className="app-window-foot">
          <Foot importing={importing} onClose={onClose} />
        </div>
      </Stack>
    </Dialog>
  );
}

interface PickButtonProps {
  isFirst: boolean;
  onPick: (file: File) => void;
}

function PickButton({ isFirst, onPick }: PickButtonProps) {
  // The same file again, after it was corrected, is a choice as well.
  const [round, setRound] = useState(0);
  return (
    <FileButton
      key={round}
      accept="application/json,.json"
      inputProps={{ 'aria-label': 'File with TQL queries' }}
      onChange={(file) => {
        if (file === null) return;
        onPick(file);
        setRound((before) => before + 1);
      }}
    >
      {(props) => (
        <Button
          {...props}
          variant={isFirst ? 'filled' : 'default'}
          flex="none"
          leftSection={<Icon name="upload" />}
        >
          {isFirst ? 'Choose File' : 'Choose Another File'}
        </Button>
      )}
    </FileButton>
  );
}

type Importing = ReturnType<typeof useImporting>;

function Found({ picked, importing }: { picked: Picked; importing: Importing }) {
  const { base, isOutrun, problem } = importing;
  const found = comparison(picked.file, base.queries);
  const { byRow, other } = messagesByRow(found.rows, messagesInFile(problem?.fields ?? []));
  const exportedAt = picked.file.exported_at;
  return (
    <>
      {isOutrun && (
        <Notice tone="warning" isLive title="This list was changed">
          <Text size="sm">
            It was saved after you opened this window, perhaps in another tab. Nothing was imported.
            Below, your file is compared with the newer list; importing again replaces that one.
          </Text>
        </Notice>
      )}
      {problem !== null && (
        <Notice tone="bad" isLive title={byRow.size > 0 ? 'Import failed' : problem.title}>
          <Text size="sm">
            {byRow.size > 0
              ? 'Fix the queries marked below; nothing was changed.'
              : problem.description}
          </Text>
          {other.map((message) => (
            <Text size="sm" key={message}>
              {message}
            </Text>
          ))}
        </Notice>
      )}
      <Text size="sm" role="status">
        <strong>{picked.name}</strong>
        {exportedAt ? (
          <>
            , exported <TimeText value={exportedAt} />
          </>
        ) : null}
        : {counted(picked.file.queries.length, 'query', 'queries')}, replacing{' '}
        {counted(base.queries.length, 'query', 'queries')}.{' '}
        {hasChanges(found.changes)
          ? `${capitalized(describeChanges(found.changes))}.`
          : 'This is the saved list, so there is nothing to import.'}
      </Text>
      <ImportLists found={found} messages={byRow} />
    </>
  );
}

function Foot({ importing, onClose }: { importing: Importing; onClose: () => void }) {
  const { picked, base, isSaving } = importing;
  const changes = picked === null ? null : comparison(picked.file, base.queries).changes;
  const isReady = changes !== null && hasChanges(changes);
  const isFullBetter = changes !== null && changes.added + changes.edited > 0;
  const button = (words: string, run: Run, isBest: boolean) => (
    <Button
      variant={isBest ? 'filled' : 'default'}
      disabled={!isReady}
      loading={isSaving}
      onClick={() => void importing.send(run)}
    >
      {words}
    </Button>
  );
  return (
    <>
      {isReady && (
        <Text size="xs" c="dimmed">
          Delta: the next scheduled update sends only Indicators modified since the last update.
          Full: it sends everything the queries return
          {isFullBetter
            ? ' (recommended: a delta would skip older Indicators of the new or edited queries)'
            : ''}
          . Import alone leaves the next update as planned.
        </Text>
      )}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onClose} disabled={isSaving}>
          Cancel
        </Button>
        {button('Import', null, false)}
        {button('Import and Run Delta Update', 'delta', isReady && !isFullBetter)}
        {button('Import and Run Full Update', 'full', isFullBetter)}
      </Group>
    </>
  );
}
