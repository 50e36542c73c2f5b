import { MantineProvider } from '@mantine/core';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { Help } from './Help';

function show(onClick?: () => void) {
  render(
    <MantineProvider env="test">
      {/* eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions */}
      <div onClick={onClick}>
        <Help topic="Job type" />
      </div>
    </MantineProvider>,
  );
  return screen.getByRole('button', { name: 'Help: Job type' });
}

it('explains a word on demand, takes the focus there and gives it back', async () => {
  const user = userEvent.setup();
  const button = show();
  expect(button.getAttribute('aria-expanded')).toBe('false');
  await user.tab();
  await user.keyboard('{Enter}');
  const dialog = await screen.findByRole('dialog', { name: 'Job type' });
  expect(button.getAttribute('aria-expanded')).toBe('true');
  await waitFor(() => expect(document.activeElement).toBe(dialog));
  expect(dialog.textContent).toContain('Ad-hocRequested by a person.');
  const description = document.getElementById(dialog.getAttribute('aria-describedby') ?? '');
  expect(description?.textContent).toContain('Why a Job was queued.');
  await user.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(document.activeElement).toBe(button);
});

it('does not set off what it stands in', async () => {
  const onClick = vi.fn();
  await userEvent.setup().click(show(onClick));
  expect(onClick).not.toHaveBeenCalled();
});
