import { MantineProvider } from '@mantine/core';
import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState, type ComponentProps } from 'react';
import { expect, test, vi } from 'vitest';

import { loadEditor, TqlField } from './TqlField';
import classes from './TqlText.module.css';

type Props = Partial<ComponentProps<typeof TqlField>>;

function Field({ value = '', onChange, error, options, ...props }: Props) {
  const [text, setText] = useState(value);
  return (
    <MantineProvider env="test">
      <TqlField
        value={text}
        error={error}
        options={options}
        onChange={(next) => {
          setText(next);
          onChange?.(next);
        }}
        {...props}
      />
    </MantineProvider>
  );
}

const editor = await loadEditor();

async function showEditor(props: Props = {}) {
  render(<Field {...props} load={() => Promise.resolve(editor)} />);
  await waitFor(() => expect(document.querySelector('.cm-editor')).not.toBeNull());
  return screen.getByRole('textbox', { name: /^TQL/ });
}

test('until the editor is there, and without it, a text area takes the TQL', async () => {
  const onChange = vi.fn();
  render(<Field onChange={onChange} load={() => Promise.reject(new Error('no network'))} />);
  const area = screen.getByRole('textbox', { name: /^TQL/ });
  await userEvent.type(area, 'rating > 1');
  expect(area.tagName).toBe('TEXTAREA');
  expect(onChange).toHaveBeenLastCalledWith('rating > 1');
});

test('the editor takes over what was typed, with the focus and the place in it', async () => {
  let arrive: (loaded: typeof editor) => void = () => undefined;
  render(<Field load={() => new Promise((resolve) => (arrive = resolve))} />);
  await userEvent.type(screen.getByRole('textbox', { name: /^TQL/ }), 'rating > 1{ArrowLeft}');
  act(() => arrive(editor));
  await waitFor(() => expect(document.querySelector('.cm-editor')).not.toBeNull());
  const box = screen.getByRole('textbox', { name: /^TQL/ });
  expect(box.tagName).toBe('DIV');
  expect(box.textContent).toBe('rating > 1');
  expect(document.activeElement).toBe(box);
});

test('the editor has the name, the description and the fault of the field', async () => {
  const box = await showEditor({ error: 'Unknown word' });
  expect(box.getAttribute('aria-multiline')).toBe('true');
  expect(box.getAttribute('aria-invalid')).toBe('true');
  const words = (box.getAttribute('aria-describedby') ?? '')
    .split(' ')
    .map((id) => document.getElementById(id)?.textContent);
  expect(words[0]).toContain('Tab to leave the field');
  expect(words[1]).toBe('Unknown word');
});

test('the place that a refusal names is marked, and told', async () => {
  const box = await showEditor({
    value: 'rating >= 1 and ratng < 3',
    error: 'Invalid TQL: unknown keyword "ratng" at character 17',
  });
  expect(box.querySelector('[data-mark="refused"]')?.textContent).toBe('ratng');
  expect(screen.getByRole('status').textContent).toBe('Marked at line 1, character 17.');
});

test('without a fault the editor is not called invalid', async () => {
  const box = await showEditor();
  expect(box.hasAttribute('aria-invalid')).toBe(false);
  expect(box.getAttribute('aria-describedby')?.split(' ')).toHaveLength(1);
});

test('a click on the label goes to the editor', async () => {
  const box = await showEditor();
  await userEvent.click(screen.getByText('TQL'));
  expect(document.activeElement).toBe(box);
});

test('Tab is not taken from the keyboard', async () => {
  const box = await showEditor({ value: 'rating' });
  box.focus();
  const event = new KeyboardEvent('keydown', { key: 'Tab', bubbles: true, cancelable: true });
  expect(box.dispatchEvent(event)).toBe(true);
  expect(box.textContent).toBe('rating');
});

test('the text has the colors of its kinds', async () => {
  const box = await showEditor({ value: 'rating >= 3 AND tag = "x"' });
  const textsOf = (kind: string) =>
    [...box.querySelectorAll(`.${classes[kind] ?? ''}`)].map(({ textContent }) => textContent);
  expect(textsOf('word')).toEqual(['rating', 'tag']);
  expect(textsOf('operator')).toEqual(['>=', '=']);
  expect(textsOf('number')).toEqual(['3']);
  expect(textsOf('connective')).toEqual(['AND']);
  expect(textsOf('string')).toEqual(['"', 'x', '"']);
});

test('what the App would refuse is underlined at its place', async () => {
  const box = await showEditor({ value: 'a = (b' });
  expect(box.querySelector('[data-mark="fault"]')?.textContent).toBe('(');
});
