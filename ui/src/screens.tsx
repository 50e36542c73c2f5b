/** The screens of the page, in the order of the navigation. A new screen is one line here, and one in `lib/guide`. */
import type { ComponentType } from 'react';

import type { ScreenTitle } from './lib/guide';
import { ConfigurePage } from './pages/configure/ConfigurePage';
import { DashboardPage } from './pages/dashboard/DashboardPage';
import { laterPages } from './shell/later';

export interface Screen {
  /** Where it is, after `#/`. */
  path: string;
  /** Its words in the navigation: its heading, in capitals. */
  label: Uppercase<ScreenTitle>;
  /** The menu it is part of; without one it is an entry of its own. */
  menu?: string;
  Page: ComponentType;
}

/** All screens but those that a first view may open come in one file of their own. */
const further = laterPages(() =>
  import('./pages/further').then(
    ({
      ConflictDialog: _conflict,
      ContextCard: _context,
      ContentDownload: _content,
      drag: _drag,
      ImportDialog: _import,
      MoveDialog: _move,
      SaveEffect: _effect,
      ...pages
    }) => pages,
  ),
);

export const loadFurther = further.load;

export const screens: readonly Screen[] = [
  { path: 'dashboard', label: 'DASHBOARD', Page: DashboardPage },
  { path: 'configure', label: 'CONFIGURE', Page: ConfigurePage },
  { path: 'jobs', label: 'JOBS', Page: further.page('JobsPage') },
  { path: 'tasks', label: 'TASKS', Page: further.page('TasksPage') },
  { path: 'reports/errors', label: 'ERRORS', menu: 'REPORTS', Page: further.page('ErrorsPage') },
  { path: 'reports/verify', label: 'VERIFY', menu: 'REPORTS', Page: further.page('VerifyPage') },
  { path: 'reports/matches', label: 'MATCHES', menu: 'REPORTS', Page: further.page('MatchesPage') },
  { path: 'reports/context', label: 'CONTEXT', menu: 'REPORTS', Page: further.page('ContextPage') },
  {
    path: 'reports/lookup',
    label: 'INDICATOR LOOKUP',
    menu: 'REPORTS',
    Page: further.page('LookupPage'),
  },
  { path: 'reports/audit', label: 'AUDIT', menu: 'REPORTS', Page: further.page('AuditPage') },
];

/** What opens where the address names no screen; it leads on while there is no query. */
export const firstScreen = 'dashboard';
