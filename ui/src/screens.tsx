/** The screens of the page, in the order of the navigation. A new screen is one line here. */
import type { ComponentType } from 'react';

import { ConfigurePage } from './pages/configure/ConfigurePage';
import { ErrorsPage } from './pages/errors/ErrorsPage';
import { JobsPage } from './pages/jobs/JobsPage';
import { TasksPage } from './pages/tasks/TasksPage';

export interface Screen {
  /** Where it is, after `#/`. */
  path: string;
  /** Its words in the navigation. */
  label: string;
  /** The menu it is part of; without one it is an entry of its own. */
  menu?: string;
  Page: ComponentType;
}

export const screens: readonly Screen[] = [
  { path: 'configure', label: 'CONFIGURE', Page: ConfigurePage },
  { path: 'jobs', label: 'JOBS', Page: JobsPage },
  { path: 'tasks', label: 'TASKS', Page: TasksPage },
  { path: 'reports/errors', label: 'ERRORS', menu: 'REPORTS', Page: ErrorsPage },
];

export const firstScreen = 'configure';
