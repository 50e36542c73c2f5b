/** The title, the navigation, and what belongs to the whole page. */
import { Menu, UnstyledButton } from '@mantine/core';

import type { Condition } from '../api/model';
import { Icon, type IconName } from '../components/Icon';
import { screens, type Screen } from '../screens';
import { AboutButton } from './AboutButton';
import { ColorSchemeMenu } from './ColorSchemeMenu';
import classes from './Header.module.css';
import { LookupBox } from './LookupBox';
import { NavBadge } from './NavBadge';
import { ZoneMenu } from './ZoneMenu';

type Entry = { screen: Screen } | { menu: string; screens: Screen[] };

/** Screens of one menu gather in one entry, at the place of the first of them. */
function entriesOf(all: readonly Screen[]): Entry[] {
  const entries: Entry[] = [];
  for (const screen of all) {
    const { menu } = screen;
    const known = entries.find((entry) => 'menu' in entry && entry.menu === menu);
    if (menu === undefined) entries.push({ screen });
    else if (known !== undefined && 'menu' in known) known.screens.push(screen);
    else entries.push({ menu, screens: [screen] });
  }
  return entries;
}

const entries = entriesOf(screens);

interface HeaderProps {
  path: string;
  /** The open problems, for the badges. */
  conditions: readonly Condition[];
}

export function Header({ path, conditions }: HeaderProps) {
  return (
    <header className={classes.header}>
      <a className={classes.title} href="#/">
        <Shield />
        <span className={classes.words}>Microsoft Sentinel</span>
      </a>
      <nav aria-label="Screens" className={classes.wide}>
        {entries.map((entry) =>
          'menu' in entry ? (
            <NavMenu
              key={entry.menu}
              label={entry.menu}
              screens={entry.screens}
              path={path}
              conditions={conditions}
            />
          ) : (
            <a
              key={entry.screen.path}
              className={classes.link}
              href={`#/${entry.screen.path}`}
              aria-current={entry.screen.path === path ? 'page' : undefined}
            >
              {entry.screen.label}
              <NavBadge conditions={conditions} screen={entry.screen.path} />
            </a>
          ),
        )}
      </nav>
      <nav aria-label="Screens" className={classes.narrow}>
        <NavMenu label="Menu" icon="menu" screens={screens} path={path} conditions={conditions} />
      </nav>
      <div className={classes.end}>
        <LookupBox />
        <AboutButton />
        <ZoneMenu />
        <ColorSchemeMenu />
      </div>
    </header>
  );
}

interface NavMenuProps {
  label: string;
  icon?: IconName;
  screens: readonly Screen[];
  path: string;
  conditions: readonly Condition[];
}

function NavMenu({ label, icon, screens: entriesOfMenu, path, conditions }: NavMenuProps) {
  const isCurrent = entriesOfMenu.some((screen) => screen.path === path);
  return (
    <Menu position="bottom-start" offset={0} loop>
      <Menu.Target>
        <UnstyledButton className={classes.link} data-current={isCurrent || undefined}>
          {icon !== undefined && <Icon name={icon} size={18} />}
          {label}
          {icon === undefined && <Icon name="chevronDown" size={14} />}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {entriesOfMenu.map((screen) => (
          <Menu.Item
            key={screen.path}
            component="a"
            href={`#/${screen.path}`}
            aria-current={screen.path === path ? 'page' : undefined}
          >
            <span className={classes.item}>
              {screen.label}
              <NavBadge conditions={conditions} screen={screen.path} />
            </span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Shield() {
  return (
    <svg width="20" height="20" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path fill="currentColor" d="M16 1 4 6v9c0 8 5 13 12 16 7-3 12-8 12-16V6z" />
      <path
        className={classes.check}
        fill="none"
        strokeWidth="3"
        strokeLinecap="round"
        strokeLinejoin="round"
        d="m10 16 4.500 4.500L22.500 12"
      />
    </svg>
  );
}
