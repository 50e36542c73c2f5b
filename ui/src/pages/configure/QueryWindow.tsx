/** "Add TQL Configuration", or the same for a row that is there already. Nothing is stored yet. */
import { Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { checkQuery, previewQuery, useOptions } from '../../api/configure';
import type { FieldMessage, Preview, TqlChecked } from '../../api/model';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { Dialog, DialogFoot } from '../../components/Dialog';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Icon } from '../../components/Icon';
import { sameFields, type DraftRow, type QueryFields, type RowMessages } from '../../lib/draft';
import {
  asksTheSame,
  blankQuery,
  bodyOfFields,
  mistakesFrom,
  mistakesOf,
  type Mistakes,
} from '../../lib/queryForm';
import { CheckNotice } from './CheckNotice';
import { PreviewPanel } from './PreviewPanel';
import { QueryFieldset } from './QueryFieldset';
import { useErrand } from './useErrand';

interface QueryWindowProps {
  /** The row to edit; `null` adds one. */
  row: DraftRow | null;
  /** How many saved queries stand above it. */
  position: number;
  /** Whether those above it are saved as they stand. */
  isSavedAbove: boolean;
  /** What a refused save said about this row. */
  messages: RowMessages;
  onSubmit: (fields: QueryFields) => void;
  onClose: () => void;
}

const NOT_VALID_STATUS = 422;

export function QueryWindow(props: QueryWindowProps) {
  const { row, position, isSavedAbove, messages, onSubmit, onClose } = props;
  const before = row ?? blankQuery;
  const [fields, setFields] = useState<QueryFields>(before);
  const [isDropAsked, setIsDropAsked] = useState(false);
  const options = useOptions(true);
  const asking = useAsking(fields, row, messages);

  const change = (next: Partial<QueryFields>) => {
    setFields((known) => ({ ...known, ...next }));
    asking.forget(next);
  };
  const accept = () => onSubmit({ ...fields, tql: fields.tql.trim() });
  const close = () => (sameFields(fields, before) ? onClose() : setIsDropAsked(true));

  return (
    <>
      <Dialog
        isOpen
        onClose={close}
        size={860}
        title={row === null ? 'Add TQL Configuration' : 'Edit TQL Configuration'}
        isClosedByClick={false}
      >
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void asking.isAccepted().then((isAccepted) => isAccepted && accept());
          }}
        >
          <Stack gap="md">
            {options.error !== null && (
              <ErrorPanel
                error={options.error}
                onRetry={() => void options.refetch()}
                isRetrying={options.isFetching}
              />
            )}
            <QueryFieldset
              fields={fields}
              mistakes={asking.mistakes}
              options={options.data}
              isLoading={options.isLoading}
              onChange={change}
            />
            <PreviewPanel
              errand={asking.preview.errand}
              isOutdated={asking.tested !== null && !sameFields(asking.tested, fields)}
              isSavedAbove={isSavedAbove}
              onAgain={() => void asking.test(position)}
              onCancel={asking.preview.drop}
            />
            <DialogFoot>
              <CheckNotice errand={asking.check.errand} onAccept={accept} />
              <Group justify="space-between">
                <Button
                  variant="default"
                  leftSection={<Icon name="play" size={14} />}
                  title="Runs this query in ThreatConnect. Nothing is sent or saved."
                  disabled={asking.preview.errand.state === 'asking'}
                  onClick={() => void asking.test(position)}
                >
                  Test
                </Button>
                <Group gap="sm">
                  <Button variant="default" onClick={close}>
                    Cancel
                  </Button>
                  <Button type="submit" loading={asking.check.errand.state === 'asking'}>
                    Submit
                  </Button>
                </Group>
              </Group>
            </DialogFoot>
          </Stack>
        </form>
      </Dialog>
      {/* Not there before it is asked: the key that asks would answer it as well. */}
      {isDropAsked && (
        <ConfirmDialog
          isOpen
          title={row === null ? 'Discard this query?' : 'Discard changes to this query?'}
          action="Discard"
          cancel="Keep editing"
          onCancel={() => setIsDropAsked(false)}
          onConfirm={onClose}
        >
          <Text size="sm">What you entered in this window will be lost.</Text>
        </ConfirmDialog>
      )}
    </>
  );
}

/** What is asked about the fields: of the page itself, and of ThreatConnect. */
function useAsking(fields: QueryFields, row: DraftRow | null, messages: RowMessages) {
  const [mistakes, setMistakes] = useState<Mistakes>(messages);
  const check = useErrand<TqlChecked>();
  const preview = useErrand<Preview>();
  // What ThreatConnect is known to take. A saved query was looked at before.
  const [taken, setTaken] = useState<QueryFields | null>(
    row === null || Object.keys(messages).length > 0 ? null : row,
  );
  const [tested, setTested] = useState<QueryFields | null>(null);

  /** Shows what is wrong at its fields, and goes to the first of them. */
  const showMistakes = (found: Mistakes): boolean => {
    setMistakes(found);
    const first = Object.keys(found)[0];
    if (first !== undefined) focusField(first);
    return first !== undefined;
  };
  const isRefused = (errors: readonly FieldMessage[]) => showMistakes(mistakesFrom(errors));

  return {
    mistakes,
    check,
    preview,
    tested,

    forget: (changed: Partial<QueryFields>) => {
      check.drop();
      setMistakes((known) =>
        Object.fromEntries(Object.entries(known).filter(([name]) => !(name in changed))),
      );
    },

    /** Whether the query may be submitted; where not, the window says why. */
    isAccepted: async (): Promise<boolean> => {
      if (showMistakes(mistakesOf(fields))) return false;
      if (taken !== null && asksTheSame(taken, fields)) return true;
      const body = bodyOfFields(fields, row?.id ?? null);
      const found = await check.run((signal) => checkQuery(body, signal));
      if (found?.state === 'answered') return true;
      if (found?.state !== 'failed' || found.error.status !== NOT_VALID_STATUS) return false;
      check.drop();
      // What is wrong with the list and not with a field comes out when it is saved.
      return !isRefused(found.error.fields);
    },

    test: async (position: number) => {
      check.drop();
      if (showMistakes(mistakesOf(fields))) return;
      setTested(fields);
      const body = { ...bodyOfFields(fields, row?.id ?? null), position };
      const found = await preview.run((signal) => previewQuery(body, signal));
      if (found?.state === 'answered') setTaken(fields);
      if (found?.state === 'failed' && isRefused(found.error.fields)) preview.drop();
    },
  };
}

function focusField(name: string): void {
  document
    .querySelector<HTMLElement>(
      ['input', 'textarea', '[role="textbox"]']
        .map((field) => `[data-field="${name}"] ${field}`)
        .join(', '),
    )
    ?.focus();
}
