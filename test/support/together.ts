/**
 * Runs test files that start no program and share no state in this one process: for each of them the start of a process, with
 * all that it imports, would take as long as its tests.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Together } from '../suites.ts';

const TESTS = join(import.meta.dirname, '..');

export async function runTogether({ files, apart = [] }: Together): Promise<void> {
  for (const file of globSync(files, { cwd: TESTS, exclude: apart }).sort()) {
    await import(pathToFileURL(join(TESTS, file)).href);
  }
}
