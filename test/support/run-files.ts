/** Test files as processes of their own, several at a time. */
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import summarize from './summary-reporter.ts';

export interface RunOptions {
  /** How many files at a time. */
  readonly concurrency: number;
  /** A line for each test, instead of failures and a summary. */
  readonly isVerbose: boolean;
}

/** Starts the files in this order, and prints what becomes of them. The exit code of this process will be 1 when a test fails. */
export async function runFiles(files: readonly string[], { concurrency, isVerbose }: RunOptions): Promise<void> {
  const events = run({ files: [...files], concurrency });
  events.on('test:fail', () => {
    process.exitCode = 1;
  });
  await pipeline(events.compose(isVerbose ? spec : summarize), process.stdout, { end: false });
}
