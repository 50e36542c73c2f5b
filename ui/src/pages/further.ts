/** The screens that a first view does not need, in one file. */
export { AuditPage } from './audit/AuditPage';
export { ErrorsPage } from './errors/ErrorsPage';
export { JobsPage } from './jobs/JobsPage';
export { LookupPage } from './lookup/LookupPage';
export { TasksPage } from './tasks/TasksPage';
