/** The screens that a first view does not need, what dragging takes and the import, in one file. */
export { AuditPage } from './audit/AuditPage';
export { ConflictDialog } from './configure/ConflictDialog';
export * as drag from './configure/drag';
export { ImportDialog } from './configure/ImportDialog';
export { MoveDialog } from './configure/MoveDialog';
export { SaveEffect } from './configure/SaveEffect';
export { ContextCard } from './dashboard/ContextCard';
export { ContextPage } from './context/ContextPage';
export { ContentDownload } from '../shell/ContentDownload';
export { ErrorsPage } from './errors/ErrorsPage';
export { JobsPage } from './jobs/JobsPage';
export { LookupPage } from './lookup/LookupPage';
export { MatchesPage } from './matches/MatchesPage';
export { TasksPage } from './tasks/TasksPage';
export { VerifyPage } from './verify/VerifyPage';
