/** REPORTS, AUDIT: who changed what, when. */
import { Text } from '@mantine/core';

import { auditKey, getAllAudit, useAudit } from '../../api/audit';
import type { AuditRecord } from '../../api/model';
import { DataTable } from '../../components/DataTable';
import { DownloadMenu, type DownloadFormat } from '../../components/DownloadMenu';
import { EmptyState } from '../../components/EmptyState';
import { ErrorPanel } from '../../components/ErrorPanel';
import { FilterBar } from '../../components/FilterBar';
import { PageHeader } from '../../components/PageHeader';
import { Pager } from '../../components/Pager';
import { RefreshControl } from '../../components/RefreshControl';
import { StaleNotice } from '../../components/StaleNotice';
import { auditHeading, auditLines } from '../../lib/audit';
import { auditFilterOf, isAuditFiltered } from '../../lib/auditFilter';
import { csvText } from '../../lib/csv';
import { pageParams } from '../../lib/page';
import { setParams, useRoute } from '../../shell/router';
import { AuditFilters } from './AuditFilters';
import { ChangeTable } from './ChangeTable';
import { auditColumns } from './columns';

const formats: readonly DownloadFormat<AuditRecord>[] = [
  {
    name: 'CSV',
    ending: 'csv',
    type: 'text/csv',
    textOf: (records) => csvText(auditHeading, records.flatMap(auditLines)),
  },
  {
    name: 'JSON',
    ending: 'json',
    type: 'application/json',
    textOf: (records) => JSON.stringify(records, null, 2),
  },
];

export function AuditPage() {
  const { params } = useRoute();
  const place = pageParams(params);
  const openKey = params.get('open');
  const filter = auditFilterOf(params);
  const audit = useAudit(filter, place);
  const refresh = () => void audit.refetch();
  const toggle = (record: AuditRecord) =>
    setParams({ open: record.at === openKey ? '' : record.at });

  return (
    <>
      <PageHeader title="Audit" summary="Who changed what, when">
        <RefreshControl
          updatedAtMs={audit.dataUpdatedAt}
          isRefreshing={audit.isFetching}
          onRefresh={refresh}
        />
      </PageHeader>
      <StaleNotice
        error={audit.error}
        updatedAtMs={audit.dataUpdatedAt}
        isRetrying={audit.isFetching}
        onRetry={refresh}
      />
      <FilterBar
        end={
          <DownloadMenu
            noun="audit entry"
            nouns="audit entries"
            content="audit"
            formats={formats}
            getRows={(walk) => getAllAudit(filter, walk)}
          />
        }
      >
        <AuditFilters filter={filter} />
      </FilterBar>
      {audit.error !== null && audit.data === undefined ? (
        <ErrorPanel error={audit.error} onRetry={refresh} isRetrying={audit.isFetching} />
      ) : (
        <DataTable<AuditRecord>
          label="Audit"
          columns={auditColumns(openKey, toggle)}
          rows={audit.data?.data}
          rowKey={auditKey}
          onRowClick={(record) => {
            if (record.changes.length > 0) toggle(record);
          }}
          openKey={audit.data?.data.filter(({ at }) => at === openKey).map(auditKey)[0] ?? null}
          below={(record) =>
            record.at === openKey && record.changes.length > 0 && <ChangeTable record={record} />
          }
          minWidth={860}
          isStacked
          isFixed
          empty={
            <EmptyState title="There is currently no data to display.">
              <Text size="sm" c="dimmed">
                {isAuditFiltered(filter)
                  ? 'No entry matches these filters.'
                  : 'Nobody has changed anything yet.'}
              </Text>
            </EmptyState>
          }
        />
      )}
      {audit.data !== undefined && (
        <Pager
          noun="entry"
          nouns="entries"
          total={audit.data.total_count}
          limit={place.limit}
          offset={place.offset}
          onChange={(next) =>
            setParams({
              limit: String(next.limit),
              offset: next.offset > 0 ? String(next.offset) : '',
              open: '',
            })
          }
        />
      )}
    </>
  );
}
