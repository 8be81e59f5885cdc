/** The program's own log in a process of its own, as it is in a pod: standard error is a pipe. */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';

const MODULE = JSON.stringify(join(import.meta.dirname, '../../src/observe/logger.ts'));

function logging(
  context: TestContext,
  statements: string,
  levelFormat = 'words',
): ChildProcessByStdio<null, Readable, Readable> {
  const program = `import { createLogger } from ${MODULE}; const logger = createLogger('info', '${levelFormat}'); ${statements}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FORCE_COLOR: '1' },
  });
  context.after(() => child.kill('SIGKILL'));
  return child;
}

test('an entry is a line of JSON without colours, or anything else that a terminal would obey', async context => {
  const child = logging(context, `logger.debug('no'); logger.warn({ who: '\\x1b[31m\\x9b\\u202e' }, 'one\\ntwo');`);
  const written = await text(child.stderr);
  assert.match(written, /^[\x20-\x7e]+\n$/);
  const { level, time, ...rest } = JSON.parse(written);
  assert.equal(level, 'warn');
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
  assert.deepEqual(rest, { who: '\x1b[31m\x9b\u202e', msg: 'one\ntwo' });
});

test('levels may be the numbers of pino', async context => {
  const child = logging(context, `logger.info('a'); logger.error('b');`, 'numbers');
  const lines = (await text(child.stderr)).trimEnd().split('\n');
  assert.deepEqual(
    lines.map(line => JSON.parse(line).level),
    [30, 50],
  );
});

test('what was logged just before the end is not lost', async context => {
  const child = logging(context, `for (let n = 0; n < 20; n += 1) logger.info({ n }, 'm'); process.exit(0);`);
  assert.equal((await text(child.stderr)).split('\n').length, 21);
});

test('a standard error that nobody reads does not hold up the program', async context => {
  const child = logging(
    context,
    `for (let n = 0; n < 3000; n += 1) logger.info({ n, filler: 'x'.repeat(1000) }, 'm');
     process.stdout.write('still here');
     setTimeout(() => logger.info('after'), 300_000);`,
  );
  for await (const chunk of child.stdout) {
    assert.equal(String(chunk), 'still here');
    break;
  }
  let written = '';
  for await (const chunk of child.stderr.setEncoding('utf8')) {
    written += chunk;
    // The entry may come in pieces, too.
    if (/entries of this log were dropped.*\n/.test(written)) break;
  }
  const entries = written
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line));
  const notice = entries.pop();
  assert.equal(notice.level, 'warn');
  assert.equal(entries.length + notice.lines, 3_000, 'every entry is there or counted');
});
