import { expect, test } from 'vitest';

import { makeJob } from '../test/factories';
import { jobProgress, shareOf } from './progress';

const at = '2026-03-09T16:00:00Z';

function shares(changes: Parameters<typeof makeJob>[0]): (number | null)[] {
  return jobProgress(makeJob(changes)).map(shareOf);
}

test('reading is measured against what ThreatConnect announced', () => {
  expect(shares({ status: 'Download In Progress', count_read: 250, count_expected: 1000 })).toEqual(
    [0.25, 0, 0],
  );
});

test('without an announcement nobody knows how far the reading is', () => {
  expect(shares({ status: 'Download In Progress', count_read: 250 })).toEqual([null, 0, 0]);
});

test('reading more than was announced is no more than the whole', () => {
  expect(
    shares({ status: 'Download In Progress', count_read: 1200, count_expected: 1000 })[0],
  ).toBe(1);
});

test('converting is measured against what was read, or is still to be read', () => {
  const changes = { count_converted: 5, count_read: 10, date_convert_start: at } as const;
  expect(shares({ ...changes, status: 'Convert In Progress', date_download_complete: at })).toEqual(
    [1, 0.5, 0],
  );
  expect(shares({ ...changes, status: 'Download In Progress', count_expected: 20 })).toEqual([
    0.5, 0.25, 0,
  ]);
  expect(shares({ ...changes, status: 'Download In Progress' })).toEqual([null, null, 0]);
});

test('how much there is to send is not known before all is converted', () => {
  const changes = { count_read: 10, count_sent: 3, date_upload_start: at } as const;
  const job = makeJob({ ...changes, status: 'Download In Progress' });
  expect(jobProgress(job)[2]).toMatchObject({ done: 3, total: null, isActive: true });
});

test('sending is measured against what was neither held back nor refused', () => {
  const changes = {
    status: 'Upload In Progress',
    count_read: 100,
    count_duplicate: 15,
    count_expired: 5,
    count_sent: 30,
    count_refused: 10,
    date_download_complete: at,
    date_convert_complete: at,
    date_upload_start: at,
  } as const;
  expect(jobProgress(makeJob(changes))[2]).toMatchObject({ done: 30, total: 70, isActive: true });
});

test('nothing to send is done when the upload is', () => {
  const done = { count_read: 5, count_duplicate: 5, date_download_complete: at };
  expect(shares({ ...done, date_convert_complete: at, date_upload_complete: at })).toEqual([
    1, 1, 1,
  ]);
});
