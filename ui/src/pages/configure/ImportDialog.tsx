/** Replaces the saved list with a file: what is in it, what would change, and which update follows. */
import { Button, FileButton, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { useOptions } from '../../api/configure';
import type { Configure, FieldMessage } from '../../api/model';
import { Dialog, DialogFoot } from '../../components/Dialog';
import { CodeLine } from '../../components/ErrorCode';
import { Icon } from '../../components/Icon';
import { Notice } from '../../components/Notice';
import { TimeText } from '../../components/TimeText';
import { describeChanges, hasChanges, messagesByRow } from '../../lib/draft';
import { faultsOfRows } from '../../lib/importCheck';
import { capitalized, counted } from '../../lib/number';
import { comparison, messagesInFile, type Comparison } from '../../lib/transfer';
import { ImportLists } from './ImportLists';
import { useImporting, type Picked, type Run } from './useImporting';

interface ImportDialogProps {
  saved: Configure;
  onImported: (run: Run, count: number) => void;
  onClose: () => void;
}

export function ImportDialog({ saved, onImported, onClose }: ImportDialogProps) {
  const importing = useImporting(saved, onImported);
  const { picked, mistake, base } = importing;
  const options = useOptions(picked !== null);
  const found = picked === null ? null : comparison(picked.file, base.queries);
  const faults = found === null ? [] : faultsOfRows(found.rows, base.queries, options.data);
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
        {picked !== null && found !== null && (
          <Found
            picked={picked}
            found={found}
            faults={faults}
            isChecking={options.isLoading}
            importing={importing}
          />
        )}
        {picked !== null && options.error !== null && (
          <Notice tone="warning" isLive title="Owners could not be checked">
            <Text size="sm">{options.error.description} They are checked when you import.</Text>
            <CodeLine code={options.error.code} />
          </Notice>
        )}
        <DialogFoot>
          <Foot
            found={found}
            isRefused={faults.length > 0}
            importing={importing}
            onClose={onClose}
          />
        </DialogFoot>
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

interface FoundProps {
  picked: Picked;
  found: Comparison;
  /** What is wrong with the file, as far as it can be told before it is sent. */
  faults: readonly FieldMessage[];
  /** Whether it is still being asked which owners there are. */
  isChecking: boolean;
  importing: Importing;
}

function Found({ picked, found, faults, isChecking, importing }: FoundProps) {
  const { base, isOutrun, problem } = importing;
  const { byRow, other } = messagesByRow(
    found.rows,
    faults.length > 0 ? faults : messagesInFile(problem?.fields ?? []),
  );
  const exportedAt = picked.file.exported_at;
  return (
    <>
      {isOutrun && (
        <Notice
          tone="warning"
          isLive
          title={
            base.saved_by === null
              ? 'This list was changed'
              : `This list was changed by ${base.saved_by}`
          }
        >
          <Text size="sm">
            It was saved after you opened this window, perhaps in another tab. Nothing was imported.
            Below, your file is compared with the newer list; importing again replaces that one.
          </Text>
        </Notice>
      )}
      {problem === null && faults.length > 0 && (
        <Notice tone="bad" isLive title="This file cannot be imported yet">
          <Text size="sm">Fix the queries marked below, then choose the file again.</Text>
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
          {byRow.size === 0 && <CodeLine code={problem.code} />}
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
        {isChecking && ' Checking owners...'}
      </Text>
      <ImportLists found={found} messages={byRow} />
    </>
  );
}

interface FootProps {
  found: Comparison | null;
  isRefused: boolean;
  importing: Importing;
  onClose: () => void;
}

function Foot({ found, isRefused, importing, onClose }: FootProps) {
  const { isSaving } = importing;
  const changes = found?.changes ?? null;
  const isReady = changes !== null && hasChanges(changes) && !isRefused;
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
