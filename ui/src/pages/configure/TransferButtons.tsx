/** Exports the saved list as a file, and imports one in its place. */
import { Button } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';

import { useExportConfigure } from '../../api/configure';
import type { Configure } from '../../api/model';
import { Icon } from '../../components/Icon';
import { counted } from '../../lib/number';
import { FILE_NAME } from '../../lib/transfer';
import { saveFile } from '../../shell/saveFile';
import { showToast } from '../../shell/toast';

/** Seldom needed, and so in the file that comes later. */
const ImportDialog = lazy(() =>
  import('../further').then((module) => ({ default: module.ImportDialog })),
);

interface TransferButtonsProps {
  saved: Configure;
  /** An import has set the mode of the next scheduled update. */
  onRunSet: (run: 'delta' | 'full') => void;
}

export function TransferButtons({ saved, onRunSet }: TransferButtonsProps) {
  const exporting = useExportConfigure();
  const [isImporting, setIsImporting] = useState(false);

  const exportList = () =>
    exporting.mutate(undefined, {
      onSuccess: (file) => {
        saveFile(FILE_NAME, 'application/json', `${JSON.stringify(file, null, 2)}\n`);
        showToast({
          tone: 'good',
          title: 'Exported',
          text: `${counted(file.queries.length, 'query', 'queries')} saved as ${FILE_NAME}.`,
        });
      },
    });

  return (
    <>
      <Button
        variant="default"
        leftSection={<Icon name="download" />}
        disabled={saved.queries.length === 0}
        loading={exporting.isPending}
        onClick={exportList}
      >
        Export
      </Button>
      <Button
        variant="default"
        leftSection={<Icon name="upload" />}
        onClick={() => setIsImporting(true)}
      >
        Import
      </Button>
      {isImporting && (
        <Suspense fallback={null}>
          <ImportDialog
            saved={saved}
            onClose={() => setIsImporting(false)}
            onImported={(run, count) => {
              setIsImporting(false);
              if (run === null) {
                showToast({
                  tone: 'good',
                  title: `${counted(count, 'query', 'queries')} imported`,
                  text: 'The next update stays as planned.',
                });
              } else onRunSet(run);
            }}
          />
        </Suspense>
      )}
    </>
  );
}
