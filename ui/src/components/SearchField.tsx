/** A filter by part of an id or a name: acts shortly after the last key, and is cleared by itself. */
import { CloseButton, TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';

const QUIET_MS = 300;

interface SearchFieldProps {
  label: string;
  placeholder: string;
  value: string;
  /** Takes out what cannot be looked for; ids are the usual. */
  clean?: (text: string) => string;
  onChange: (value: string) => void;
}

/** Ids are made of these; anything else could not be found and may not stand in an address. */
function cleaned(text: string): string {
  return text.replace(/[^A-Za-z0-9-]/g, '');
}

export function SearchField(props: SearchFieldProps) {
  const { label, placeholder, value, clean = cleaned, onChange } = props;
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    // The address was changed by something else than this field.
    setKnown(value);
    if (value !== text) setText(value);
  }

  const change = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onChange(next), QUIET_MS);
  };
  const clear = () => {
    clearTimeout(timer.current);
    setText('');
    onChange('');
  };

  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      size="sm"
      w={200}
      value={text}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => change(clean(event.currentTarget.value))}
      rightSection={
        text === '' ? null : <CloseButton size="sm" aria-label={`Clear ${label}`} onClick={clear} />
      }
    />
  );
}
