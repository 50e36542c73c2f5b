/** CONFIGURE: the TQL queries in order of precedence. Nothing is stored until it is saved. */
import { Button, Text } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';

import { useConfigure } from '../../api/configure';
import type { Configure } from '../../api/model';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { CodeLine } from '../../components/ErrorCode';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Icon } from '../../components/Icon';
import { Notice } from '../../components/Notice';
import { PageHeader } from '../../components/PageHeader';
import { RefreshControl } from '../../components/RefreshControl';
import { StaleNotice } from '../../components/StaleNotice';
import {
  changesOf,
  describeChanges,
  hasChanges,
  isSavedAbove,
  savedAbove,
  type DraftRow,
} from '../../lib/draft';
import { capitalized } from '../../lib/number';
import { searched } from '../../lib/querySearch';
import { useLeaveGuard } from '../../shell/router';
import { EditButtons } from './EditButtons';
import { KeptNotice } from './KeptNotice';
import { NextUpdate } from './NextUpdate';
import { nameOf, type Row } from './queryRow';
import { QuerySearch } from './QuerySearch';
import { QueryTable } from './QueryTable';
import { QueryWindow } from './QueryWindow';
import { SavedNotice } from './SavedNotice';
import { SaveDialog } from './SaveDialog';
import { TransferButtons } from './TransferButtons';
import { useEditing } from './useEditing';
import { useRunNow } from './useRunNow';

const SUMMARY = 'TQL queries, highest precedence first';

/** A list with fewer queries is seen at once. */
const SEARCHED_FROM = 5;

/** Seldom needed, and so in the file that comes later; what edits has loaded it. */
const MoveDialog = lazy(() =>
  import('../further').then((module) => ({ default: module.MoveDialog })),
);
const ConflictDialog = lazy(() =>
  import('../further').then((module) => ({ default: module.ConflictDialog })),
);

export function ConfigurePage() {
  const configure = useConfigure();
  const refresh = () => void configure.refetch();
  const saved = configure.data;
  if (saved === undefined) {
    return (
      <>
        <PageHeader title="Configure" summary={SUMMARY} />
        {configure.error !== null ? (
          <ErrorPanel error={configure.error} onRetry={refresh} isRetrying={configure.isFetching} />
        ) : (
          <QueryTable rows={undefined} />
        )}
      </>
    );
  }
  return (
    <LoadedPage
      saved={saved}
      refreshControl={
        <RefreshControl
          updatedAtMs={configure.dataUpdatedAt}
          isRefreshing={configure.isFetching}
          onRefresh={refresh}
        />
      }
      staleNotice={
        <StaleNotice
          error={configure.error}
          updatedAtMs={configure.dataUpdatedAt}
          isRetrying={configure.isFetching}
          onRetry={refresh}
        />
      }
    />
  );
}

interface LoadedPageProps {
  saved: Configure;
  refreshControl: React.ReactNode;
  staleNotice: React.ReactNode;
}

function LoadedPage({ saved, refreshControl, staleNotice }: LoadedPageProps) {
  const editing = useEditing(saved);
  const { draft, problem } = editing;
  const [isSaveOpen, setIsSaveOpen] = useState(false);
  const [isDropAsked, setIsDropAsked] = useState(false);
  const [search, setSearch] = useState('');
  const [toMove, setToMove] = useState<DraftRow | null>(null);
  const runNow = useRunNow(saved);

  const changes = draft === null ? null : changesOf(draft.rows, editing.base);
  const isChanged = changes !== null && hasChanges(changes);
  const guard = useLeaveGuard(isChanged);
  const rows: readonly Row[] = draft?.rows ?? saved.queries;
  const shown = searched(rows, search);

  return (
    <>
      <PageHeader
        title="Configure"
        isPinned={draft !== null}
        help={['Precedence', 'TQL']}
        summary={
          draft === null ? (
            SUMMARY
          ) : (
            <span role="status">
              {isChanged
                ? `Unsaved changes: ${describeChanges(changes)}`
                : 'Editing: changes are not saved automatically'}
            </span>
          )
        }
      >
        {draft === null ? (
          <>
            {refreshControl}
            <TransferButtons saved={saved} onRunSet={editing.noteSaved} />
            {/* What was kept is restored or discarded first. */}
            {editing.kept === null && (
              <Button
                leftSection={<Icon name="edit" />}
                loading={editing.isStarting}
                onClick={() => void editing.start()}
              >
                Edit
              </Button>
            )}
          </>
        ) : (
          <EditButtons
            isChanged={isChanged}
            onCancel={() => (isChanged ? setIsDropAsked(true) : editing.discard())}
            onAdd={() => editing.openWindow(null)}
            onSave={() => setIsSaveOpen(true)}
          />
        )}
      </PageHeader>

      {staleNotice}
      {saved.warning !== null && <Notice tone="warning">{saved.warning}</Notice>}
      {editing.kept !== null && (
        <KeptNotice
          kept={editing.kept}
          isStarting={editing.isStarting}
          onRestore={editing.restoreKept}
          onDiscard={editing.discardKept}
        />
      )}
      {editing.lastSaved !== null && draft === null && (
        <SavedNotice
          mode={editing.lastSaved}
          saved={saved}
          isStarting={runNow.isPending}
          onRunNow={() => runNow.start(editing.lastSaved ?? 'delta')}
          onClose={editing.forgetSaved}
        />
      )}
      {problem !== null && (
        <Notice tone="bad" isLive title={problem.error.title}>
          <Text size="sm">{problem.error.description}</Text>
          {problem.messages.map((message) => (
            <Text size="sm" key={message}>
              {message}
            </Text>
          ))}
          <CodeLine code={problem.error.code} />
        </Notice>
      )}

      {(rows.length >= SEARCHED_FROM || search !== '') && (
        <QuerySearch
          value={search}
          found={shown.length}
          total={rows.length}
          isEdited={draft !== null}
          onChange={setSearch}
        />
      )}
      <QueryTable
        rows={rows}
        shown={shown}
        counts={saved.last_counts}
        results={saved.results}
        onAdd={editing.kept === null ? () => void editing.start({ row: null }) : undefined}
        {...(draft === null
          ? {}
          : {
              edit: {
                drag: editing.drag,
                messages: editing.messages,
                onMove: editing.move,
                onMoveTo: editing.moveTo,
                onMoveAsked: setToMove,
                onDuplicate: editing.duplicate,
                onEdit: editing.openWindow,
                onEnable: editing.enable,
                onRemove: editing.remove,
              },
            })}
      />
      {draft === null && saved.queries.length > 0 && (
        <NextUpdate
          saved={saved}
          isStarting={runNow.isPending}
          onRunNow={() => runNow.start('delta')}
        />
      )}

      {editing.window !== null && (
        <QueryWindow
          row={editing.window.row}
          position={savedAbove(draft?.rows ?? [], editing.window.row?.key ?? null)}
          isSavedAbove={isSavedAbove(
            draft?.rows ?? [],
            editing.window.row?.key ?? null,
            editing.base,
          )}
          messages={
            editing.window.row === null ? {} : (editing.messages.get(editing.window.row.key) ?? {})
          }
          onSubmit={editing.submit}
          onClose={editing.closeWindow}
        />
      )}
      {toMove !== null && (
        <Suspense fallback={null}>
          <MoveDialog
            name={nameOf(toMove, rows)}
            position={rows.indexOf(toMove) + 1}
            total={rows.length}
            onClose={() => setToMove(null)}
            onMove={(position) => {
              editing.moveToPosition(toMove, position);
              setToMove(null);
            }}
          />
        </Suspense>
      )}
      {isSaveOpen && draft !== null && changes !== null && (
        <SaveDialog
          draft={draft}
          changes={changes}
          savedCount={editing.base.length}
          isSaving={editing.isSaving}
          onSave={(run, withdraw) =>
            void editing.save(run, withdraw).then(() => setIsSaveOpen(false))
          }
          onDrop={() => {
            setIsSaveOpen(false);
            editing.discard();
          }}
          onClose={() => setIsSaveOpen(false)}
        />
      )}
      {editing.conflict !== null && draft !== null && (
        <Suspense fallback={null}>
          <ConflictDialog
            newer={editing.conflict}
            draft={draft}
            onTakeNewer={editing.takeNewer}
            onKeepMine={editing.keepMine}
            onClose={editing.closeConflict}
          />
        </Suspense>
      )}
      <ConfirmDialog
        isOpen={isDropAsked || guard.isAsked}
        title="Discard unsaved changes?"
        action="Discard"
        cancel="Keep editing"
        onCancel={() => {
          setIsDropAsked(false);
          guard.stay();
        }}
        onConfirm={() => {
          setIsDropAsked(false);
          editing.discard();
          guard.leave();
        }}
      >
        <Text size="sm">
          {changes === null ? '' : `${capitalized(describeChanges(changes))}. `}These changes are
          not saved and will be lost.
        </Text>
      </ConfirmDialog>
    </>
  );
}
