/**
 * The test files of folders that start no program and share no state, run in this one process: for each of them the start of
 * a process would take longer than its tests.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ONE_PROCESS } from './suites.ts';

for (const file of globSync(ONE_PROCESS, { cwd: import.meta.dirname }).sort()) {
  await import(pathToFileURL(join(import.meta.dirname, file)).href);
}
