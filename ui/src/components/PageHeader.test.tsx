import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { screenPlaces, type ScreenTitle } from '../lib/guide';
import { PageHeader } from './PageHeader';

it.each(Object.keys(screenPlaces) as ScreenTitle[])(
  '%s leads to its part of the guide, in a tab of its own',
  (title) => {
    render(
      <MantineProvider env="test">
        <PageHeader title={title} />
      </MantineProvider>,
    );
    const heading = screen.getByRole('heading', { level: 1 });
    expect(heading.textContent).toBe(title.toUpperCase());
    const link = screen.getByRole('link', {
      name: `Guide to ${title.toUpperCase()} (in a new tab)`,
    });
    expect(link.getAttribute('href')).toBe(`./help/${screenPlaces[title]}`);
    expect(link.getAttribute('target')).toBe('_blank');
    // The heading is read out when the screen opens, and has no other words.
    expect(heading.contains(link)).toBe(false);
  },
);
