import { act, render, screen } from '@testing-library/react';
import { beforeEach, expect, it } from 'vitest';

import { navigate, replacePath, setParams, useRoute } from './router';

function Where() {
  const { path, params } = useRoute();
  return <p>{`${path}?${params.toString()}`}</p>;
}

beforeEach(() => {
  replacePath('jobs');
  render(<Where />);
});

it('goes to another screen even where a filter acts at the same moment', () => {
  act(() => {
    navigate('reports/lookup', { paste: 'x' });
    setParams({ request_id: 'a' });
  });
  expect(screen.getByText('reports/lookup?paste=x')).toBeDefined();
  expect(window.location.hash).toBe('#/reports/lookup?paste=x');
});

it('keeps what a link has just narrowed on the same screen', () => {
  act(() => {
    navigate('jobs', { open: 'b' });
    setParams({ request_id: 'a' });
  });
  expect(screen.getByText('jobs?open=b&request_id=a')).toBeDefined();
});
