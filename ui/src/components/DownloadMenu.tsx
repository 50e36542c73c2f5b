/** Downloads the whole filtered list as a file, page by page, with its progress and a way out. */
import { Button, Menu } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { ApiError } from '../api/client';
import { serviceOf } from '../api/health';
import type { Walk } from '../api/walk';
import { downloadName } from '../lib/fileName';
import { counted, formatCount } from '../lib/number';
import { saveFile } from '../shell/saveFile';
import { showError, showToast } from '../shell/toast';
import { Icon } from './Icon';

export interface DownloadFormat<Row> {
  /** `CSV` */
  name: string;
  /** The end of the file's name. */
  ending: string;
  type: string;
  textOf: (rows: readonly Row[]) => string;
}

interface DownloadMenuProps<Row> {
  /** What is listed, in the singular. */
  noun: string;
  /** In the plural, where that is more than an `s`. */
  nouns?: string;
  /** What the file's name says is in it: `audit`. */
  content: string;
  formats: readonly DownloadFormat<Row>[];
  getRows: (walk: Walk) => Promise<Row[]>;
}

interface Progress {
  done: number;
  total: number | null;
}

export function DownloadMenu<Row>(props: DownloadMenuProps<Row>) {
  const { noun, nouns, content, formats, getRows } = props;
  const [progress, setProgress] = useState<Progress | null>(null);
  const client = useQueryClient();
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);

  const download = async (format: DownloadFormat<Row>) => {
    const controller = new AbortController();
    abort.current = controller;
    setProgress({ done: 0, total: null });
    try {
      const rows = await getRows({
        signal: controller.signal,
        onProgress: (done, total) => setProgress({ done, total }),
      });
      const name = downloadName(content, await serviceOf(client));
      saveFile(`${name}.${format.ending}`, format.type, format.textOf(rows));
      showToast({
        tone: 'good',
        title: 'Downloaded',
        text: `${counted(rows.length, noun, nouns)} as ${format.name}.`,
      });
    } catch (error) {
      if (!controller.signal.aborted) showFailure(error);
    } finally {
      if (!controller.signal.aborted) setProgress(null);
    }
  };

  if (progress !== null) {
    return (
      <Button
        variant="default"
        leftSection={<Icon name="filterOff" />}
        onClick={() => {
          abort.current?.abort();
          setProgress(null);
        }}
      >
        Cancel download{progressWords(progress)}
      </Button>
    );
  }
  return (
    <Menu position="bottom-end" loop>
      <Menu.Target>
        <Button variant="default" leftSection={<Icon name="download" />}>
          Download
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {formats.map((format) => (
          <Menu.Item key={format.name} onClick={() => void download(format)}>
            {format.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function progressWords({ done, total }: Progress): string {
  return total === null ? '' : ` (${formatCount(done)} of ${formatCount(total)})`;
}

function showFailure(error: unknown): void {
  if (error instanceof ApiError) {
    showError(error);
  } else {
    showToast({
      tone: 'bad',
      title: 'The download failed',
      text: 'The browser did not take the file.',
    });
  }
}
