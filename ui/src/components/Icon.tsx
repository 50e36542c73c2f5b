/** The icons of the page, drawn on a grid of 24 with round lines. Decorative: words stand beside them. */

const paths = {
  alert: 'M12 8v5M12 16.500v.01M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18',
  arrowDown: 'M12 5v14M6 13l6 6l6-6',
  arrowUp: 'M12 19V5M6 11l6-6l6 6',
  book: 'M12 6v14M12 6c-2-1.500-5-2-9-2v14c4 0 7 .5 9 2c2-1.500 5-2 9-2V4c-4 0-7 .5-9 2',
  cancel: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M9 9l6 6M15 9l-6 6',
  change: 'M4 12a8 8 0 0 1 14-5.300L20 9M20 4v5h-5M20 12a8 8 0 0 1-14 5.300L4 15M4 20v-5h5',
  check: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M8.500 12l2.500 2.500l4.500-5',
  chevronDown: 'M6 9l6 6l6-6',
  chevronLeft: 'M15 6l-6 6l6 6',
  chevronRight: 'M9 6l6 6l-6 6',
  chevronsLeft: 'M11 7l-5 5l5 5M17 7l-5 5l5 5',
  chevronsRight: 'M7 7l5 5l-5 5M13 7l5 5l-5 5',
  chart: 'M4 20h16M7 20v-7M12 20V5M17 20v-10',
  clock: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 7v5l3.500 2',
  columns: 'M4 5h16v14H4zM9.500 5v14M14.500 5v14',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  done: 'M5 12l5 5L20 7',
  download: 'M12 4v11M7 10.500l5 5l5-5M5 20h14',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13.500 6.500l4 4',
  external: 'M11 6H5v13h13v-6M10 14L20 4M14 4h6v6',
  filterOff: 'M6 6l12 12M18 6L6 18',
  heartbeat: 'M3 12h4l3-7l4 14l3-7h4',
  grip: 'M9 6v.01M15 6v.01M9 12v.01M15 12v.01M9 18v.01M15 18v.01',
  info: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 11v5M12 8v.01',
  menu: 'M4 7h16M4 12h16M4 17h16',
  monitor: 'M3 5h18v11H3zM8 20h8M12 16v4',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 5l12 7l-12 7z',
  plus: 'M12 5v14M5 12h14',
  question:
    'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 16.500v.01M9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.600.300-1 .900-1 1.700',
  refresh: 'M20 11a8 8 0 1 0-.5 4M20 5v6h-6',
  search: 'M11 4a7 7 0 1 0 0 14a7 7 0 0 0 0-14M16 16l5 5',
  sort: 'M8 9l4-4l4 4M8 15l4 4l4-4',
  sun: 'M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.400 1.400M17.600 17.600L19 19M5 19l1.400-1.400M17.600 6.400L19 5',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  upload: 'M12 20V9M7 13.500l5-5l5 5M5 4h14',
  warning: 'M12 4L2.500 20h19zM12 10v4M12 17v.01',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={2}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      style={{ flex: 'none' }}
    >
      <path d={paths[name]} />
    </svg>
  );
}
