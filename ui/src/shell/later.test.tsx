import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { Component, type ReactNode } from 'react';
import { expect, it, vi } from 'vitest';

import { laterPages } from './later';

class Caught extends Component<{ children: ReactNode }, { words: string }> {
  override state = { words: '' };
  static getDerivedStateFromError(error: Error) {
    return { words: error.message };
  }
  override render() {
    return this.state.words === '' ? this.props.children : <p>{this.state.words}</p>;
  }
}

function show(Page: () => ReactNode) {
  return render(
    <MantineProvider env="test">
      <Caught>
        <Page />
      </Caught>
    </MantineProvider>,
  );
}

it('shows that it waits, then the screen, and the next time the screen at once', async () => {
  const pages = laterPages(() => Promise.resolve({ A: () => <h1>First</h1>, B: () => <h1>B</h1> }));
  const First = pages.page('A');
  const { unmount } = show(() => <First />);
  expect(screen.getByRole('status', { name: 'Loading the screen' })).toBeTruthy();
  expect(await screen.findByText('First')).toBeTruthy();
  unmount();
  const Other = pages.page('B');
  show(() => <Other />);
  expect(screen.getByText('B')).toBeTruthy();
});

it('passes on why the file cannot be had', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const pages = laterPages<'A'>(() => Promise.reject(new Error('no such file')));
  const Page = pages.page('A');
  show(() => <Page />);
  expect(await screen.findByText('no such file')).toBeTruthy();
});
