/** CONFIGURE: the TQL queries in order of precedence. Nothing is stored until it is saved. */
import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';

import { useConfigure } from '../../api/configure';
import { useRequestUpdate } from '../../api/job';
import type { Configure } from '../../api/model';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Icon } from '../../components/Icon';
import { Notice } from '../../components/Notice';
import { PageHeader } from '../../components/PageHeader';
import { RefreshControl } from '../../components/RefreshControl';
import { StaleNotice } from '../../components/StaleNotice';
import { changesOf, describeChanges, hasChanges, isSavedAbove, savedAbove } from '../../lib/draft';
import { capitalized, counted } from '../../lib/number';
import { useLeaveGuard } from '../../shell/router';
import { showToast } from '../../shell/toast';
import { ConflictDialog } from './ConflictDialog';
import { NextUpdate, UpdateSentence } from './NextUpdate';
import { QueryTable } from './QueryTable';
import { QueryWindow } from './QueryWindow';
import { SaveDialog } from './SaveDialog';
import { TransferButtons } from './TransferButtons';
import { useEditing } from './useEditing';

const SUMMARY = 'TQL queries, highest precedence first';

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
          <QueryTable rows={undefined} onAdd={() => undefined} />
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
  const runNow = useRunNow(saved);

  const changes = draft === null ? null : changesOf(draft.rows, editing.base);
  const isChanged = changes !== null && hasChanges(changes);
  const guard = useLeaveGuard(isChanged);

  return (
    <>
      <PageHeader
        title="Configure"
        isPinned={draft !== null}
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
            <Button
              leftSection={<Icon name="edit" />}
              loading={editing.isStarting}
              onClick={() => void editing.start()}
            >
              Edit
            </Button>
          </>
        ) : (
          <>
            <Button
              variant="default"
              onClick={() => (isChanged ? setIsDropAsked(true) : editing.stop())}
            >
              Cancel editing
            </Button>
            <Button
              variant="default"
              leftSection={<Icon name="plus" />}
              onClick={() => editing.openWindow(null)}
            >
              Add
            </Button>
            <Button disabled={!isChanged} onClick={() => setIsSaveOpen(true)}>
              Save
            </Button>
          </>
        )}
      </PageHeader>

      {staleNotice}
      {saved.warning !== null && <Notice tone="warning">{saved.warning}</Notice>}
      {editing.lastSaved !== null && draft === null && (
        <SavedNotice
          mode={editing.lastSaved}
          saved={saved}
          isStarting={runNow.isPending}
          onRunNow={() => runNow.start(editing.lastSaved ?? 'delta', editing.forgetSaved)}
          onClose={editing.forgetSaved}
        />
      )}
      {problem !== null && (
        <Notice tone="bad" isLive title={problem.title}>
          <Text size="sm">{problem.description}</Text>
          {problem.messages.map((message) => (
            <Text size="sm" key={message}>
              {message}
            </Text>
          ))}
        </Notice>
      )}

      <QueryTable
        rows={draft?.rows ?? saved.queries}
        counts={saved.last_counts}
        onAdd={() => void editing.start({ row: null })}
        {...(draft === null
          ? {}
          : {
              edit: {
                drag: editing.drag,
                messages: editing.messages,
                onMove: editing.move,
                onMoveTo: editing.moveTo,
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
      <SaveDialog
        isOpen={isSaveOpen}
        changes={changes}
        isSaving={editing.isSaving}
        onSave={(run) => void editing.save(run).then(() => setIsSaveOpen(false))}
        onDrop={() => {
          setIsSaveOpen(false);
          editing.stop();
        }}
        onClose={() => setIsSaveOpen(false)}
      />
      <ConflictDialog
        newer={editing.conflict}
        draft={draft}
        onTakeNewer={editing.takeNewer}
        onKeepMine={editing.keepMine}
        onClose={editing.closeConflict}
      />
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
          editing.stop();
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

/** Starts an update of all queries at once. */
function useRunNow(saved: Configure) {
  const request = useRequestUpdate();
  return {
    isPending: request.isPending,
    start: (mode: 'delta' | 'full', onStarted?: () => void) => {
      request.mutate(
        { mode },
        {
          onSuccess: (accepted) => {
            onStarted?.();
            showToast({
              tone: 'good',
              title: `${mode === 'full' ? 'Full' : 'Delta'} update requested`,
              text: `${counted(accepted.request_ids.length || saved.queries.length, 'Job')} queued.`,
              link: { label: 'View in JOBS', href: '#/jobs' },
            });
          },
        },
      );
    },
  };
}

interface SavedNoticeProps {
  mode: 'delta' | 'full';
  saved: Configure;
  isStarting: boolean;
  onRunNow: () => void;
  onClose: () => void;
}

function SavedNotice({ mode, saved, isStarting, onRunNow, onClose }: SavedNoticeProps) {
  const { queries, open_update: open } = saved;
  return (
    <Notice tone="good" isLive title="Saved" onClose={onClose}>
      <Group gap="md" justify="space-between">
        <Text size="sm">
          {queries.length === 0 ? (
            'The list is empty, so no update is planned.'
          ) : (
            <UpdateSentence saved={saved} />
          )}
        </Text>
        {queries.length > 0 && open === null && (
          <Button size="xs" variant="default" onClick={onRunNow} loading={isStarting}>
            Run {mode} update now
          </Button>
        )}
      </Group>
    </Notice>
  );
}
