/** Which columns the table shows. */
import { Button, Menu } from '@mantine/core';

import { Icon } from '../../components/Icon';
import { columnChoices, type ShownColumns } from './columns';

export function ColumnMenu({ shown }: { shown: ShownColumns }) {
  return (
    <Menu closeOnItemClick={false} position="bottom-end" loop>
      <Menu.Target>
        <Button variant="default" ml="auto" leftSection={<Icon name="columns" />}>
          Columns
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {columnChoices.map(({ key, name }) => {
          const isShown = shown.keys.includes(key);
          return (
            <Menu.Item
              key={key}
              role="menuitemcheckbox"
              aria-checked={isShown}
              leftSection={
                <span className="app-check-space">{isShown && <Icon name="done" size={14} />}</span>
              }
              onClick={() => shown.toggle(key)}
            >
              {name}
            </Menu.Item>
          );
        })}
        <Menu.Divider />
        <Menu.Item onClick={shown.reset} leftSection={<span className="app-check-space" />}>
          The usual columns
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
