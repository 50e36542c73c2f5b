/** The threat actors: looked for by name, each with its Groups and its Indicators. */
import { Button, Text } from '@mantine/core';

import { useActors, type ActorFilter } from '../../api/context';
import type { Actor, Context } from '../../api/model';
import { DataTable } from '../../components/DataTable';
import { EmptyState } from '../../components/EmptyState';
import { ErrorPanel } from '../../components/ErrorPanel';
import { FilterBar } from '../../components/FilterBar';
import { FilterSelect } from '../../components/FilterSelect';
import { Pager } from '../../components/Pager';
import { SearchField } from '../../components/SearchField';
import {
  actorFilterOf,
  isActorFiltered,
  noActorFilter,
  withActorSort,
} from '../../lib/actorFilter';
import { contextFace, contextStates } from '../../lib/context';
import { pageParams } from '../../lib/page';
import { setParams, useRoute } from '../../shell/router';
import { ActorDetails } from './ActorDetails';
import { actorColumns } from './columns';

/** A changed filter begins at its first page, with nothing open. */
function setFilter(change: Record<string, string>): void {
  setParams({ ...change, offset: '', open: '' });
}

export function ActorTable({ choice }: { choice: Context['choice'] }) {
  const { params } = useRoute();
  const filter = actorFilterOf(params);
  const place = pageParams(params);
  const openId = params.get('open');
  const actors = useActors(filter, place);
  const toggle = ({ id }: Actor) => setParams({ open: id === openId ? '' : id });
  return (
    <>
      <FilterBar end={null}>
        <ActorFilters filter={filter} />
      </FilterBar>
      {actors.error !== null && actors.data === undefined ? (
        <ErrorPanel
          error={actors.error}
          onRetry={() => void actors.refetch()}
          isRetrying={actors.isFetching}
        />
      ) : (
        <DataTable<Actor>
          label="Threat actors"
          columns={actorColumns(openId, toggle)}
          rows={actors.data?.data}
          rowKey={(actor) => actor.id}
          sort={{
            field: filter.sort,
            order: filter.sortOrder,
            onSort: (field) => setFilter(withActorSort(filter, field)),
          }}
          onRowClick={toggle}
          openKey={openId}
          below={(actor) => actor.id === openId && <ActorDetails key={actor.id} actor={actor} />}
          minWidth={900}
          isFixed
          isStacked
          empty={
            <EmptyState title="No threat actors">
              <Text size="sm" c="dimmed">
                {emptyWords(filter, choice)}
              </Text>
            </EmptyState>
          }
        />
      )}
      {actors.data !== undefined && (
        <Pager
          noun="threat actor"
          total={actors.data.total_count}
          limit={place.limit}
          offset={place.offset}
          onChange={(next) =>
            setParams({ limit: String(next.limit), offset: String(next.offset), open: '' })
          }
        />
      )}
    </>
  );
}

function ActorFilters({ filter }: { filter: ActorFilter }) {
  return (
    <>
      <SearchField
        label="Threat actor"
        placeholder="Part of its name"
        value={filter.text}
        clean={(text) => text.slice(0, 500)}
        onChange={(value) => setFilter({ text: value })}
      />
      <FilterSelect
        label="State"
        width={160}
        data={contextStates.map((state) => ({ value: state, label: contextFace(state).name }))}
        value={filter.state}
        onChange={(value) => setFilter({ state: value })}
      />
      {isActorFiltered(filter) && (
        <Button variant="subtle" onClick={() => setFilter(noActorFilter)}>
          Clear all
        </Button>
      )}
    </>
  );
}

function emptyWords(filter: ActorFilter, choice: Context['choice']): string {
  if (isActorFiltered(filter)) return 'No threat actor passes these filters.';
  if (choice !== 'Owner identities and threat actors') {
    return 'Context Objects does not include threat actors.';
  }
  return 'They follow once Indicators with Groups of the chosen types have been sent.';
}
