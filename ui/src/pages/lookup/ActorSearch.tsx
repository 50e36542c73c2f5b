/** Looks for a threat actor by its name, and leads to its Indicators. */
import { Button, TextInput } from '@mantine/core';
import { useState, type SyntheticEvent } from 'react';

import { Icon } from '../../components/Icon';
import { navigate } from '../../shell/router';
import classes from './LookupPage.module.css';

export function ActorSearch() {
  const [text, setText] = useState('');
  const name = text.trim();
  return (
    <form
      className={classes.actor}
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        if (name !== '') navigate('reports/context', { text: name });
      }}
    >
      <TextInput
        label="Or find the Indicators of a threat actor"
        placeholder="Part of its name"
        className={classes.actorName}
        value={text}
        maxLength={500}
        spellCheck={false}
        autoComplete="off"
        dir="auto"
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button
        type="submit"
        variant="default"
        leftSection={<Icon name="search" />}
        disabled={name === ''}
      >
        Find
      </Button>
    </form>
  );
}
