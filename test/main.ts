/**
 * Runs the tests, several files at a time: `npm test`, or `npm test -- PART…` for the files whose path holds one of the parts.
 * With `--verbose` it prints a line for each test. Exit code 1 when one fails.
 */
import { globSync, mkdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { APART, FIRST, TOGETHER, type Together } from './suites.ts';
import { runFiles } from './support/run-files.ts';

/** More than there are CPUs: most tests wait for a server most of the time. */
const CONCURRENCY = 4;

const cwd = import.meta.dirname;

// Programs that tests start inherit it: each would parse the same sources again.
process.env.NODE_COMPILE_CACHE ??= compileCache();

const { positionals: parts, values } = parseArgs({
  allowPositionals: true,
  options: { verbose: { type: 'boolean' } },
});
const files = parts.length === 0 ? everything() : chosen(parts);
if (files.length === 0) {
  console.error(`no test file has ${parts.join(' or ')} in its path`);
  process.exitCode = 1;
} else {
  await runFiles(
    files.map(file => join(cwd, file)),
    { concurrency: CONCURRENCY, isVerbose: values.verbose ?? false },
  );
}

/** Every file but those with a command of their own, the slow ones first. */
function everything(): string[] {
  const shared = new Set(Object.values(TOGETHER).flatMap(filesOf));
  const alone = globSync('**/*.test.ts', { cwd, exclude: APART }).filter(file => !shared.has(file));
  const all = [...Object.keys(TOGETHER).map(name => join('together', `${name}.ts`)), ...alone];
  return all.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function chosen(parts: readonly string[]): string[] {
  return globSync('**/*.test.ts', { cwd, exclude: APART })
    .filter(file => parts.some(part => join('test', file).includes(part)))
    .sort();
}

function filesOf({ files, apart = [] }: Together): string[] {
  return globSync(files, { cwd, exclude: apart });
}

function rank(file: string): number {
  const index = FIRST.indexOf(file.split(sep)[0] ?? '');
  return index < 0 ? FIRST.length : index;
}

function compileCache(): string {
  const folder = join(cwd, '../node_modules/.cache/compiled');
  mkdirSync(folder, { recursive: true });
  return folder;
}
