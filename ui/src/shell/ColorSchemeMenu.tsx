/** Light, dark, or as the system has it. */
import { ActionIcon, Menu, Tooltip, useMantineColorScheme } from '@mantine/core';

import { Icon, type IconName } from '../components/Icon';

const schemes: { value: 'light' | 'dark' | 'auto'; label: string; icon: IconName }[] = [
  { value: 'light', label: 'Light', icon: 'sun' },
  { value: 'dark', label: 'Dark', icon: 'moon' },
  { value: 'auto', label: 'System', icon: 'monitor' },
];

export function ColorSchemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const chosen = schemes.find((scheme) => scheme.value === colorScheme);
  return (
    <Menu position="bottom-end" loop>
      <Tooltip label="Colours">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Colours">
            <Icon name={chosen?.icon ?? 'monitor'} size={18} />
          </ActionIcon>
        </Menu.Target>
      </Tooltip>
      <Menu.Dropdown>
        {schemes.map((scheme) => (
          <Menu.Item
            key={scheme.value}
            role="menuitemradio"
            aria-checked={scheme.value === colorScheme}
            leftSection={<Icon name={scheme.icon} />}
            rightSection={scheme.value === colorScheme ? <Icon name="done" size={14} /> : null}
            onClick={() => setColorScheme(scheme.value)}
          >
            {scheme.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
