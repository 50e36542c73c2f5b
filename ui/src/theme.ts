/** Colors and sizes. Every pair of text and ground holds a contrast of at least 4.5 to 1. */
import {
  Button,
  createTheme,
  Input,
  localStorageColorSchemeManager,
  Menu,
  MultiSelect,
  Select,
  Tooltip,
  type CSSVariablesResolver,
  type MantineColorsTuple,
} from '@mantine/core';

const azure: MantineColorsTuple = [
  '#eaf3fd',
  '#d5e6f9',
  '#abccf2',
  '#7cb0ea',
  '#5697e2',
  '#3a85dc',
  '#1f74d0',
  '#1263b8',
  '#0f549c',
  '#0b4480',
];

/** Grays with a little blue, from text down to the ground. */
const dark: MantineColorsTuple = [
  '#dfe5ec',
  '#b3bdc9',
  '#a0abb8',
  '#6b7785',
  '#3a4552',
  '#28313c',
  '#1e252e',
  '#161b22',
  '#0e1217',
  '#0a0d11',
];

/** A list opens when it is asked for, and is itself what scrolls, so that the keyboard reaches it. */
const lists = {
  openOnFocus: false,
  withScrollArea: false,
  styles: { options: { maxHeight: 260, overflowY: 'auto' } },
} as const;

export const theme = createTheme({
  colors: { azure, dark },
  primaryColor: 'azure',
  primaryShade: { light: 7, dark: 7 },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, monospace',
  defaultRadius: 'sm',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    Tooltip: Tooltip.extend({
      defaultProps: {
        withArrow: true,
        multiline: true,
        openDelay: 250,
        maw: 480,
        events: { hover: true, focus: true, touch: true },
      },
    }),
    // Beside its button it is part of the same landmark, and has nothing but its items.
    Menu: Menu.extend({
      defaultProps: { withinPortal: false, withInitialFocusPlaceholder: false },
    }),
    MultiSelect: MultiSelect.extend({ defaultProps: { ...lists } }),
    Select: Select.extend({ defaultProps: { ...lists } }),
    InputWrapper: Input.Wrapper.extend({
      defaultProps: { inputWrapperOrder: ['label', 'input', 'description', 'error'] },
    }),
  },
});

export const colorSchemeManager = localStorageColorSchemeManager({
  // index.html reads the same key before the first paint.
  key: 'ms-sentinel-color-scheme',
});

/** Sizes that several parts keep to, what Mantine's own colors lack in contrast, and the colors of a status. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {
    '--app-header-height': '52px',
    '--app-radius': '6px',
    '--app-danger-hover': '#a52020',
  },
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': '#1b2430',
    '--mantine-color-dimmed': '#56616e',
    '--mantine-color-placeholder': '#636d79',
    '--mantine-color-error': '#b42318',
    '--mantine-color-anchor': '#1263b8',
    '--mantine-color-default-border': '#ccd3db',
    '--app-canvas': '#f5f7f9',
    '--app-line': '#e1e6ec',
    '--app-hover': '#f0f5fb',
    '--app-chosen': '#e3effb',
    '--app-track': '#dfe5ec',
    '--app-neutral': '#4d5866',
    '--app-neutral-ground': '#edf0f4',
    '--app-active': '#1263b8',
    '--app-active-ground': '#e3effb',
    '--app-good': '#18693a',
    '--app-good-ground': '#e2f4e8',
    '--app-warning': '#8a4b00',
    '--app-warning-ground': '#fdf0db',
    '--app-bad': '#b42318',
    '--app-bad-ground': '#fdeceb',
    '--tql-ground': '#ffffff',
    '--tql-word': '#0b4480',
    '--tql-connective': '#7a1fa2',
    '--tql-operator': '#7a1fa2',
    '--tql-constant': '#8a4b00',
    '--tql-number': '#8a4b00',
    '--tql-string': '#18693a',
    '--tql-wrong': '#b42318',
  },
  dark: {
    '--mantine-color-body': '#161b22',
    '--mantine-color-text': '#dfe5ec',
    '--mantine-color-dimmed': '#a0abb8',
    '--mantine-color-placeholder': '#98a3b0',
    '--mantine-color-error': '#ff9a91',
    '--mantine-color-anchor': '#79b4f5',
    '--mantine-color-default': '#1e252e',
    '--mantine-color-default-hover': '#28313c',
    '--mantine-color-default-border': '#3a4552',
    '--app-canvas': '#0e1217',
    '--app-line': '#2a333e',
    '--app-hover': '#1e2630',
    '--app-chosen': '#1b3048',
    '--app-track': '#323d49',
    '--app-neutral': '#b3bdc9',
    '--app-neutral-ground': '#28313c',
    '--app-active': '#79b4f5',
    '--app-active-ground': '#1a304a',
    '--app-good': '#74d294',
    '--app-good-ground': '#173322',
    '--app-warning': '#f0b45c',
    '--app-warning-ground': '#3a2b14',
    '--app-bad': '#ff9a91',
    '--app-bad-ground': '#44201d',
    '--tql-ground': '#1e252e',
    '--tql-word': '#8cc0f7',
    '--tql-connective': '#d3a6ff',
    '--tql-operator': '#d3a6ff',
    '--tql-constant': '#f0b45c',
    '--tql-number': '#f0b45c',
    '--tql-string': '#74d294',
    '--tql-wrong': '#ff9a91',
  },
});
