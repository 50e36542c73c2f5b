/** The reader's own time zone, or UTC, as logs have it. */
import { ActionIcon, Menu, Tooltip } from '@mantine/core';

import { Icon } from '../components/Icon';
import { zoneName, type Zone } from '../lib/time';
import { setZone, useZone } from './zone';

const zones: { value: Zone; label: string }[] = [
  { value: 'local', label: 'Local' },
  { value: 'utc', label: 'UTC' },
];

export function ZoneMenu() {
  const zone = useZone();
  const now = new Date();
  return (
    <Menu position="bottom-end" loop>
      <Tooltip label={`Time zone: ${zoneName(zone, now)}`}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Time zone">
            <Icon name="clock" size={18} />
          </ActionIcon>
        </Menu.Target>
      </Tooltip>
      <Menu.Dropdown>
        <Menu.RadioGroup
          value={zone}
          onChange={(value) => setZone(value === 'utc' ? 'utc' : 'local')}
        >
          {zones.map(({ value, label }) => (
            <Menu.RadioItem key={value} value={value}>
              {value === 'local' ? `${label}: ${zoneName(value, now)}` : label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}
