/** The screens that a first view does not need, and what dragging takes, in one file. */
export { AuditPage } from './audit/AuditPage';
export * as drag from './configure/drag';
export { ErrorsPage } from './errors/ErrorsPage';
export { JobsPage } from './jobs/JobsPage';
export { LookupPage } from './lookup/LookupPage';
export { TasksPage } from './tasks/TasksPage';
