/** The access log under a real logrotate, while requests go on. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { needs, pathOf } from '../support/installed.ts';
import { scratchDirectory } from './cli-fixture.ts';
import { ServingProgram } from './serve-fixture.ts';

const { skip } = needs('logrotate');

interface Rotated {
  readonly program: ServingProgram;
  readonly path: string;
  /** Has logrotate do its work now. */
  readonly rotate: () => void;
  /** All lines of all files, oldest file first. */
  readonly lines: () => Promise<string[]>;
}

async function startRotated(context: TestContext, directives: (pid: number) => string): Promise<Rotated> {
  const directory = await scratchDirectory(context);
  const path = join(directory, 'access.log');
  const program = await ServingProgram.start(context, { workers: 2, directory, args: ['--access-log-path', path] });
  const config = join(directory, 'logrotate.conf');
  await writeFile(config, `${path} {\n  rotate 9\n  missingok\n  ${directives(program.pid)}\n}\n`, {
    mode: 0o600,
  });
  return {
    program,
    path,
    rotate: () =>
      void execFileSync(pathOf('logrotate'), ['--force', '--state', join(directory, 'state'), config], {
        stdio: 'pipe',
      }),
    lines: async () => {
      const files = (await readdir(directory))
        .filter(name => name.startsWith('access.log'))
        .sort()
        .reverse();
      const texts = await Promise.all(files.map(name => readFile(join(directory, name), 'latin1')));
      return texts.flatMap(text => text.split('\n').slice(0, -1));
    },
  };
}

/** The number in the line of a request for `/NUMBER`. */
function numberOf(line: string): number {
  return Number(/"GET \/(\d+) /.exec(line)?.[1] ?? Number.NaN);
}

test('create and SIGUSR1: every request is in one of the files, once', { skip }, async context => {
  const { program, path, rotate, lines } = await startRotated(
    context,
    pid => `create 0640\n  postrotate\n    kill -USR1 ${pid}\n  endscript`,
  );
  let asked = 0;
  for (let turn = 1; turn <= 3; turn += 1) {
    for (let count = 0; count < 40; count += 1) {
      await program.get(`/${asked}`);
      asked += 1;
      if (count === 20) rotate();
    }
    // The file of this turn is in use by all workers before it is moved away.
    await eventually('a line in the new file', async () => {
      await program.get(`/${asked}`);
      asked += 1;
      return (await readFile(path, 'latin1')) !== '';
    });
  }
  const all = await eventually('every line', async () => {
    const found = await lines();
    return found.length >= asked && found;
  });
  assert.deepEqual(
    all.map(numberOf).sort((a, b) => a - b),
    Array.from({ length: asked }, (_, number) => number),
  );
  assert.ok(existsSync(`${path}.3`));
});

test('copytruncate: the file begins again at its beginning, without a signal', { skip }, async context => {
  const { program, path, rotate, lines } = await startRotated(context, () => 'copytruncate');
  for (let number = 0; number < 20; number += 1) await program.get(`/${number}`);
  await eventually('all lines', async () => (await lines()).length === 20);
  rotate();
  assert.equal((await readFile(`${path}.1`, 'latin1')).split('\n').length, 21);
  for (let number = 20; number < 30; number += 1) await program.get(`/${number}`);
  await eventually('the lines after', async () => (await lines()).length === 30);
  // Without O_APPEND there would be a hole as long as the old file.
  const text = await readFile(path, 'latin1');
  assert.deepEqual(
    text
      .split('\n')
      .slice(0, -1)
      .map(numberOf)
      .sort((a, b) => a - b),
    [20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
  );
  assert.ok(!text.includes('\0'));
});
