/** The field for TQL text: the editor, and until it is loaded, or without it, a plain text area. */
import { Input, Textarea, VisuallyHidden } from '@mantine/core';
import { useEffect, useId, useMemo, useRef, useState, type ComponentType } from 'react';

import type { Options } from '../api/model';
import mono from '../components/Mono.module.css';
import { lineAndCharacter, placeIn } from './place';
import type { TqlEditorProps } from './TqlEditor';

interface TqlFieldProps {
  value: string;
  error: string | undefined;
  options: Options | undefined;
  onChange: (value: string) => void;
  /** How the editor is had. */
  load?: () => Promise<Editor>;
}

type Editor = ComponentType<TqlEditorProps>;

const aboutText =
  'Leave empty to include every Indicator of these types. Example: rating >= 3 and confidence >= 50.';
const aboutKeys = 'Press Ctrl+Space for suggestions, Tab to leave the field.';

/** Begins to load the editor, so that it is there when a window opens. */
export function loadEditor(): Promise<Editor> {
  return import('./TqlEditor').then((module) => module.TqlEditor);
}

export function TqlField({ value, error, options, onChange, load = loadEditor }: TqlFieldProps) {
  const id = useId();
  const plain = useRef<HTMLTextAreaElement>(null);
  const [editor, setEditor] = useState<{ Editor: Editor; cursor: number | null } | null>(null);

  const fault = useMemo(() => (error === undefined ? null : placeIn(error, value)), [error, value]);

  useEffect(() => {
    let isShown = true;
    load().then(
      (Editor) => {
        const area = plain.current;
        const cursor = document.activeElement === area ? (area?.selectionEnd ?? null) : null;
        if (isShown) setEditor({ Editor, cursor });
      },
      // The text area serves; the next window asks for the editor again.
      () => undefined,
    );
    return () => {
      isShown = false;
    };
  }, [load]);

  if (editor === null) {
    return (
      <Textarea
        ref={plain}
        label="TQL"
        description={aboutText}
        autosize
        minRows={5}
        maxRows={16}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        classNames={{ input: mono.mono ?? '' }}
        value={value}
        error={error}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  const { Editor, cursor } = editor;
  return (
    <Input.Wrapper
      id={id}
      label="TQL"
      labelElement="div"
      labelProps={{ id: `${id}-label` }}
      description={`${aboutText} ${aboutKeys}`}
      descriptionProps={{ id: `${id}-description` }}
      error={error}
      errorProps={{ id: `${id}-error` }}
      onClick={(event) => {
        // A label belongs to its field also where the browser does not know of it.
        const target = event.target as HTMLElement;
        if (target.closest(`[id="${id}-label"]`) === null) return;
        event.currentTarget.querySelector<HTMLElement>('[role="textbox"]')?.focus();
      }}
    >
      <Editor
        value={value}
        onChange={onChange}
        labelledBy={`${id}-label`}
        describedBy={`${id}-description${error === undefined ? '' : ` ${id}-error`}`}
        isInvalid={error !== undefined}
        fault={fault}
        options={options}
        cursor={cursor}
      />
      {fault !== null && <FaultPlace text={value} offset={fault.from} />}
    </Input.Wrapper>
  );
}

/** Where the mark is, for those who cannot see it. */
function FaultPlace({ text, offset }: { text: string; offset: number }) {
  const { line, character } = lineAndCharacter(text, offset);
  return (
    <VisuallyHidden role="status">
      Marked at line {line}, character {character}.
    </VisuallyHidden>
  );
}
