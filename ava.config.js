// One process a test file; `scripts/test.ts` chooses the files of each suite.
export default {
  extensions: { ts: 'module' },
  files: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
  timeout: '2m',
  workerThreads: false,
};
