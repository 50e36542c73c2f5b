/** Where values are pasted, however many and however they are written. */
import { Button, Text, Textarea } from '@mantine/core';
import { useEffect, useRef, useState, type KeyboardEvent, type SyntheticEvent } from 'react';

import { useForgetFindings } from '../../api/indicator';
import { Icon } from '../../components/Icon';
import mono from '../../components/Mono.module.css';
import { counted, formatCount } from '../../lib/number';
import { keepList } from '../../lib/pastedList';
import { MAX_VALUE_CHARS, MAX_VALUES, splitPasted } from '../../lib/pasted';
import { VALUES_FIELD } from '../../shell/LookupBox';
import { navigate } from '../../shell/router';
import classes from './LookupPage.module.css';

interface ValuesFormProps {
  text: string;
  /** The text is one value, whatever it looks like. */
  isOneValue: boolean;
}

/**
 * One value is kept in the address behind `#`, which no browser sends to a server; a list in the
 * tab, so that the address stays short.
 */
export function ValuesForm({ text: given, isOneValue }: ValuesFormProps) {
  const [text, setText] = useState(given);
  const field = useRef<HTMLTextAreaElement>(null);
  const forgetFindings = useForgetFindings();
  useEffect(() => {
    // After the heading, where reading goes on upon another screen.
    const timer = setTimeout(() => field.current?.focus({ preventScroll: true }));
    return () => clearTimeout(timer);
  }, []);
  const values = isOneValue && text === given ? [text.trim()].filter(Boolean) : splitPasted(text);
  const fault = faultOf(values);

  const lookUp = () => {
    const [first] = values;
    if (first === undefined || fault !== null) return;
    forgetFindings();
    navigate('reports/lookup', values.length === 1 ? { value: first } : { list: keepList(text) });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    if (!event.ctrlKey && !event.metaKey && text.includes('\n')) return;
    event.preventDefault();
    lookUp();
  };
  return (
    <form
      className={classes.form}
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        lookUp();
      }}
    >
      <Textarea
        id={VALUES_FIELD}
        ref={field}
        label="Values"
        description="Up to 500, one per line or separated by commas or spaces, defanged or not: addresses, hosts, URLs, hashes, STIX IDs..."
        value={text}
        autosize
        minRows={2}
        maxRows={10}
        spellCheck={false}
        autoComplete="off"
        dir="auto"
        classNames={{ input: mono.mono ?? '' }}
        error={fault}
        onKeyDown={onKeyDown}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <div className={classes.actions}>
        <Button
          type="submit"
          leftSection={<Icon name="search" />}
          disabled={values.length === 0 || fault !== null}
        >
          {values.length > 1 ? `Look up ${counted(values.length, 'value')}` : 'Look up'}
        </Button>
        <Text size="xs" c="dimmed">
          {text.includes('\n')
            ? 'Ctrl+Enter looks them up'
            : 'Enter looks it up, Shift+Enter starts a new line'}
        </Text>
      </div>
    </form>
  );
}

function faultOf(values: readonly string[]): string | null {
  if (values.length > MAX_VALUES) {
    return `${formatCount(values.length)} values. Look up ${MAX_VALUES} at a time.`;
  }
  const longest = Math.max(0, ...values.map((value) => value.length));
  return longest > MAX_VALUE_CHARS
    ? `A value has ${formatCount(longest)} characters; the limit is ${formatCount(MAX_VALUE_CHARS)}.`
    : null;
}
