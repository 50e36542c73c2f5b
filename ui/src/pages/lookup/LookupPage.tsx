/** REPORTS, INDICATOR LOOKUP: whether values are in Sentinel, and why not. */
import { Text } from '@mantine/core';
import { useEffect, useMemo } from 'react';

import { Card } from '../../components/Card';
import { EmptyState } from '../../components/EmptyState';
import { Notice } from '../../components/Notice';
import { PageHeader } from '../../components/PageHeader';
import { TimesIn } from '../../components/TimesIn';
import { keepList, keptList } from '../../lib/pastedList';
import { MAX_VALUE_CHARS, splitPasted } from '../../lib/pasted';
import { setParams, useRoute } from '../../shell/router';
import { ActorSearch } from './ActorSearch';
import { Details } from './Details';
import { Results } from './Results';
import { ValuesForm } from './ValuesForm';

export function LookupPage() {
  const { params } = useRoute();
  const value = (params.get('value') ?? '').trim().slice(0, MAX_VALUE_CHARS);
  const list = params.get('list') ?? '';
  const pasted = params.get('paste') ?? '';
  usePasted(pasted);
  const kept = useMemo(() => (list === '' ? null : keptList(list)), [list]);
  const values = useMemo(() => splitPasted(kept ?? ''), [kept]);
  if (pasted !== '') return null;
  return (
    <>
      <PageHeader title="Indicator Lookup" summary="Is it in Sentinel, and if not, why?">
        <TimesIn />
      </PageHeader>
      <ValuesForm key={`${list} ${value}`} text={kept ?? value} isOneValue={value !== ''} />
      {list !== '' && kept === null && (
        <Notice tone="warning" title="This list is not here any more">
          <Text size="sm">
            A pasted list is kept in the tab where it was pasted, until the next one. Paste it
            again.
          </Text>
        </Notice>
      )}
      {values.length > 0 && <Results key={list} list={list} values={values} />}
      {values.length === 0 && value !== '' && <Details key={value} value={value} />}
      {values.length === 0 && value === '' && (
        <Card>
          <EmptyState title="Look up Indicators">
            <Text size="sm" c="dimmed">
              Paste values from a report or an alert. Each one is answered in a line: whether it is
              in Sentinel, from which owner and TQL query, and if not, why.
            </Text>
            <ActorSearch />
          </EmptyState>
        </Card>
      )}
    </>
  );
}

/** What was typed into the box in the header may be one value or several. */
function usePasted(text: string): void {
  useEffect(() => {
    if (text === '') return;
    const values = splitPasted(text);
    const change = values.length > 1 ? { list: keepList(text) } : { value: values[0] ?? '' };
    setParams({ paste: '', list: '', value: '', ...change });
  }, [text]);
}
