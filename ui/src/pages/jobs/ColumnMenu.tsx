/** Which columns the table shows. */
import { Button, Menu } from '@mantine/core';

import { Icon } from '../../components/Icon';
import { columnChoices, type ShownColumns } from './columns';

export function ColumnMenu({ shown }: { shown: ShownColumns }) {
  return (
    <Menu closeOnItemClick={false} position="bottom-end" loop>
      <Menu.Target>
        <Button variant="default" leftSection={<Icon name="columns" />}>
          Columns
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {columnChoices.map(({ key, name }) => (
          <Menu.CheckboxItem
            key={key}
            checked={shown.keys.includes(key)}
            onChange={() => shown.toggle(key)}
          >
            {name}
          </Menu.CheckboxItem>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={shown.reset}>Show the usual columns</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
