import js from '@eslint/js';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'src/api/types.gen.ts'] },
  js.configs.recommended,
  {
    files: ['scripts/**/*.mjs', 'eslint.config.js'],
    languageOptions: { globals: globals.node },
  },
  {
    files: ['src/**/*.{ts,tsx}', 'scripts/**/*.ts', 'vite.config.ts'],
    extends: [
      ...tseslint.configs.strictTypeChecked,
      ...tseslint.configs.stylisticTypeChecked,
      jsxA11y.flatConfigs.strict,
      reactHooks.configs.flat['recommended-latest'],
    ],
    languageOptions: {
      globals: globals.browser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // Numbers are meant to be put into text.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Query functions and event handlers are passed on by name.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // `{ id, ...rest }` is how a member is left out.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      'no-restricted-globals': [
        'error',
        { name: 'fetch', message: 'Only src/api/client.ts calls the network.' },
      ],
    },
  },
  {
    files: ['src/api/client.ts', 'src/**/*.test.*', 'src/test/**'],
    rules: {
      'no-restricted-globals': 'off',
      'no-restricted-properties': [
        'error',
        {
          object: 'vi',
          property: 'waitFor',
          message:
            'It gives up after a second; `waitFor` of Testing Library waits as set in setup.ts.',
        },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'JSXOpeningElement[name.name="MantineProvider"]:not(:has(JSXAttribute[name.name="env"]))',
          message:
            'Without `env="test"` what pops up is hidden some time after it opened: nothing is laid out here.',
        },
      ],
    },
  },
);
