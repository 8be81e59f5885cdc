/** Which test files `npm test` runs, how, and in which order. */

/** Patterns, relative to this folder, of files that run together in the process of one-process.ts. */
export const ONE_PROCESS = [
  '{formats,log,observe,proxy,routing,settings,wire}/**/*.test.ts',
  '*.test.ts',
  'support/*.test.ts',
];

/** Patterns of files that have a command of their own. */
export const APART = ['e2e/**'];

/** Folders whose files take longest. They start first, so that none of them is left over at the end. */
export const FIRST = ['hostile', 'fuzz', 'life', 'dashboard', 'monitoring', 'package', 'deploy', 'conformance', 'cli'];
