import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { codeOf } from '../../src/errors.ts';
import { ProgramLog } from '../../src/observe/program-log.ts';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';

async function scratchFile(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ke-program-log-'));
  atEnd(context, () => rm(directory, { recursive: true, force: true }));
  return join(directory, 'log');
}

test('an entry is written before write() returns', async context => {
  const path = await scratchFile(context);
  const fd = openSync(path, 'w');
  context.after(() => closeSync(fd));
  const log = new ProgramLog(fd, () => 'never\n');
  log.write('one\n');
  log.write('zwei ü\n');
  assert.equal(readFileSync(path, 'utf8'), 'one\nzwei ü\n');
});

test('a reader that stalls is not waited for; it gets whole entries later, and the number of lost ones', async context => {
  const path = await scratchFile(context);
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  context.after(() => {
    closeSync(writer);
    closeSync(reader);
  });
  const log = new ProgramLog(writer, lost => `lost ${lost}\n`);
  const entry = (number: number): string => `${String(number).padStart(5, '0')}${'x'.repeat(1_000)}\n`;
  for (let number = 0; number < 1_000; number += 1) log.write(entry(number));

  const buffer = Buffer.alloc(64 * 1024);
  let text = '';
  await eventually('the notice', () => {
    try {
      text += buffer.toString('latin1', 0, readSync(reader, buffer));
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
    }
    return /^lost \d+$/m.test(text);
  });
  const lines = text.split('\n').slice(0, -1);
  const lost = Number(lines.pop()?.slice('lost '.length));
  assert.ok(lost > 0 && lost < 1_000);
  assert.deepEqual(
    lines.map(line => `${line}\n`),
    Array.from({ length: 1_000 - lost }, (_, number) => entry(number)),
  );
  log.write('after\n');
  assert.equal(buffer.toString('latin1', 0, readSync(reader, buffer)), 'after\n');
});

test('a descriptor that cannot be written harms nobody', async context => {
  const path = await scratchFile(context);
  closeSync(openSync(path, 'w'));
  const readOnly = openSync(path, 'r');
  context.after(() => closeSync(readOnly));
  const log = new ProgramLog(readOnly, () => 'never\n');
  log.write('one\n');
  log.write('two\n');
  assert.equal(readFileSync(path, 'utf8'), '');
});
