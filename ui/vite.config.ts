import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

import { content } from './scripts/content.ts';
import { guide } from './scripts/guide.ts';
import { licenses } from './scripts/licenses.ts';

// Where `npm run dev` finds a running App: the address that `make run` prints.
const service = process.env.SENTINEL_APP_URL ?? 'http://127.0.0.1:8080/api/services/ms_sentinel/';

export default defineConfig({
  // Relative addresses: the platform chooses the prefix that the page is served under.
  base: './',
  plugins: [react(), guide(), content(), licenses()],
  build: {
    target: 'es2022',
    // What a first view takes is one file; by itself, the bundler at times puts what later files
    // share with it into another one.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: 'page', tags: ['$initial'] }] } },
    },
    // Every file is a round trip through the platform's broker, so there are few: one script and one
    // style sheet for a first view, and the same for all later screens together.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  server: {
    proxy: {
      '/api': { target: service, rewrite: (path) => path.replace(/^\/api/, 'api') },
    },
  },
  test: {
    // By itself it leaves one processor to others.
    maxWorkers: '100%',
    // Only what hangs is to fail: a busy machine may take its time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    restoreMocks: true,
    sequence: { shuffle: true },
    projects: [
      {
        extends: true,
        // What shares nothing needs no world of its own for each file.
        test: {
          name: 'pure',
          isolate: false,
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'components',
          include: ['src/**/*.test.tsx'],
          environment: 'jsdom',
          setupFiles: ['src/test/setup.ts'],
        },
      },
    ],
  },
});
