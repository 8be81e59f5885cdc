/** Which test files `npm test` runs, how, and in which order. */

/** Patterns, relative to this folder, of files that share a process. */
export interface Together {
  readonly files: readonly string[];
  /** Files among them that need a process of their own: they look at all that it has loaded, or holds. */
  readonly apart?: readonly string[];
}

/** By the file in together/ that runs them. */
export const TOGETHER = {
  pure: {
    files: [
      '{bench,control,dataplane,formats,limits,model,observe,process,routing,settings,text}/**/*.test.ts',
      'gateway/{listeners,routes,translation}/*.test.ts',
      '*.test.ts',
      'support/*.test.ts',
    ],
  },
  conformance: { files: ['conformance/*.test.ts', 'reasons/reasons.test.ts'] },
  http2: { files: ['http2/*.test.ts'], apart: ['http2/h2spec.test.ts'] },
  policies: { files: ['policies/*.test.ts'] },
  sources: { files: ['sources/**/*.test.ts'], apart: ['sources/kube/{kube-config,long-run}.test.ts'] },
  admin: { files: ['admin/**/*.test.ts'] },
} satisfies Record<string, Together>;

/** Patterns of files that have a command of their own. */
export const APART = ['e2e/**'];

/** Folders whose files take longest. They start first, so that none of them is left over at the end. */
export const FIRST = [
  'together',
  'hostile',
  'life',
  'http2',
  'clients',
  'dashboard',
  'fuzz',
  'monitoring',
  'package',
  'deploy',
  'cli',
];
