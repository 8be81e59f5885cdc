/**
 * A reporter for node:test. It prints each failure when it happens, and at the end how many tests ran, which were skipped and
 * why, which files took longest, and once more what failed, in a line each. A test that passes prints nothing.
 */
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import { messageOf } from '../../src/errors.ts';

type EventOf<Type extends TestEvent['type']> = Extract<TestEvent, { type: Type }>['data'];

const SLOWEST_FILES = 5;

export default async function* summarize(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  /** For each reason, how many tests it kept from running. */
  const skipped = new Map<string, number>();
  const files: { readonly file: string; readonly ms: number }[] = [];
  const failures: string[] = [];
  for await (const { type, data } of events) {
    if (type === 'test:pass') {
      if (typeof data.skip === 'string') skipped.set(data.skip, (skipped.get(data.skip) ?? 0) + 1);
    } else if (type === 'test:fail') {
      if (isOfSubtests(data)) continue;
      failures.push(inBrief(data));
      yield failure(data);
    } else if (type === 'test:stderr') {
      yield data.message;
    } else if (type === 'test:summary') {
      if (data.file !== undefined) files.push({ file: data.file, ms: data.duration_ms });
      else yield summary(data, skipped, files) + failures.join('');
    }
  }
}

/** A suite fails with its tests, which are printed themselves. */
function isOfSubtests({ details: { error } }: EventOf<'test:fail'>): boolean {
  return 'failureType' in error && error.failureType === 'subtestsFailed';
}

function failure({ name, file, entryFile, line, column, details }: EventOf<'test:fail'>): string {
  const place = file === undefined ? '' : `  ${shown(file)}:${line}:${column}\n`;
  const entry = entryFile === undefined || entryFile === file ? '' : `  run by ${shown(entryFile)}\n`;
  const error = inspect(details.error.cause ?? details.error, { colors: process.stdout.hasColors?.() ?? false });
  return `\nFAILED  ${name}\n${place}${entry}${indented(error)}\n`;
}

function inBrief({ name, file = '', line, details: { error } }: EventOf<'test:fail'>): string {
  const [message] = messageOf(error.cause ?? error).split('\n');
  return `FAILED  ${name}  ${shown(file)}:${line}  ${message}\n`;
}

function summary(
  { counts, duration_ms, success }: EventOf<'test:summary'>,
  skipped: ReadonlyMap<string, number>,
  files: readonly { readonly file: string; readonly ms: number }[],
): string {
  const slowest = files.toSorted((a, b) => b.ms - a.ms).slice(0, SLOWEST_FILES);
  const failed = counts.tests - counts.passed - counts.skipped - counts.todo;
  return [
    '',
    ...[...skipped].map(([reason, number]) => `${number} skipped: ${reason}`),
    `longest: ${slowest.map(({ file, ms }) => `${shown(file)} ${seconds(ms)}`).join(', ')}`,
    `${success ? 'passed' : 'FAILED'}: ${counts.tests} tests in ${files.length} files, ${counts.passed} passed, ` +
      `${failed} failed, ${counts.skipped} skipped, ${seconds(duration_ms)}`,
    '',
  ].join('\n');
}

function shown(file: string): string {
  return relative('.', file);
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
