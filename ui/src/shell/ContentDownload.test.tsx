import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { ContentTemplate } from '../lib/content';
import { ContentDownload } from './ContentDownload';
import { saveFile } from './saveFile';

vi.mock('./saveFile', () => ({ saveFile: vi.fn() }));

const source = 'ThreatConnect-Demo "1"';
const template = { parameters: { sourceSystem: { type: 'string' } }, resources: [] };
const fetched = vi.fn<typeof fetch>();

beforeEach(() => {
  fetched.mockReset();
  vi.mocked(saveFile).mockReset();
  vi.stubGlobal('fetch', fetched);
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MantineProvider env="test">
        <ContentDownload sourceSystem={source} />
      </MantineProvider>
    </QueryClientProvider>,
  );
});

afterEach(() => vi.unstubAllGlobals());

const press = () => userEvent.click(screen.getByRole('button', { name: 'azuredeploy.json' }));

test('the source system is named, and nothing is fetched before somebody asks', () => {
  expect(screen.getByText(source)).toBeDefined();
  expect(screen.getByRole('link', { name: 'How to deploy it' }).getAttribute('href')).toBe(
    './help/operations.html#sentinel-content',
  );
  expect(fetched).not.toHaveBeenCalled();
});

test('the packaged template is saved with this source system in it', async () => {
  fetched.mockResolvedValue(Response.json(template));
  await press();
  await waitFor(() => expect(saveFile).toHaveBeenCalledOnce());
  expect((fetched.mock.calls[0]?.[0] as URL).pathname).toMatch(/\/content\/azuredeploy\.json$/);
  const [name, type, text] = vi.mocked(saveFile).mock.calls[0] ?? [];
  expect([name, type]).toEqual(['azuredeploy.json', 'application/json']);
  const saved = JSON.parse(text ?? '') as ContentTemplate;
  expect(saved.parameters.sourceSystem).toEqual({ type: 'string', defaultValue: source });
});

test('nothing is saved when the template does not come, and it can be tried again', async () => {
  fetched.mockResolvedValueOnce(new Response('', { status: 404 }));
  await press();
  await waitFor(() => expect(fetched).toHaveBeenCalledOnce());
  fetched.mockResolvedValue(Response.json(template));
  await waitFor(() =>
    expect(screen.getByRole('button', { name: 'azuredeploy.json' })).toHaveProperty(
      'disabled',
      false,
    ),
  );
  expect(saveFile).not.toHaveBeenCalled();
  await press();
  await waitFor(() => expect(saveFile).toHaveBeenCalledOnce());
});
