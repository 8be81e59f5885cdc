/** `status --watch` on a real terminal, on a dumb one and in a pipe, before a real instance. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Changes, eventually } from '../../support/eventually.ts';
import { needs } from '../../support/installed.ts';
import { PseudoTerminal, type TerminalOptions } from '../../support/pseudo-terminal.ts';
import { RawUpstream } from '../../support/raw-upstream.ts';
import { MAIN, scratchDirectory } from '../cli-fixture.ts';
import { exposed, ServingProgram } from '../serve-fixture.ts';

const { skip } = needs('script');
/** For programs on a busy machine. */
const PATIENCE_MS = 180_000;
const ALTERNATE_SCREEN = '\x1b[?1049h';
/** The screen as it was, and the cursor. */
const RESTORED = '\x1b[?25h\x1b[?1049l';
const TAKEN = '\x1b[?1049h\x1b[?25l';

async function watchOn(
  context: TestContext,
  socket: string,
  options: Partial<TerminalOptions> = {},
): Promise<PseudoTerminal & { readonly pid: () => number }> {
  const directory = await scratchDirectory(context);
  const pidFile = join(directory, 'pid');
  const command = `echo $$ > '${pidFile}'; exec '${process.execPath}' '${MAIN}' status --watch --admin-socket '${socket}'`;
  const terminal = await PseudoTerminal.run(context, command, { directory, columns: 100, rows: 30, ...options });
  return Object.assign(terminal, { pid: () => Number(readFileSync(pidFile, 'utf8')) });
}

function has(text: string): (lines: readonly string[]) => boolean {
  return lines => lines.some(line => line.includes(text));
}

test('the live view redraws in place, survives a resize and a restart, and gives the terminal back', {
  skip,
}, async context => {
  const upstream = await RawUpstream.start(context);
  const manifests = [
    exposed('shop', upstream, { path: '/shop,/a/rather/long/path/of/the/same/service/for/narrow/terminals' }),
  ];
  const program = await ServingProgram.start(context, { workers: 2, manifests });
  const terminal = await watchOn(context, program.adminSocket);
  const { screen } = terminal;
  await terminal.shows('readiness', has('is ready, up '));
  assert.ok(screen.isAlternate && !screen.isCursorVisible);
  let isAsking = true;
  const requests = (async () => {
    while (isAsking) await program.get('/shop/x');
  })();
  await terminal.shows('the Service with its rate', lines =>
    lines.some(line => /^default\/shop +\/shop, \/a\/rather.* \d[\d.]*\/s +0 % +[\d.]+ ms/.test(line)),
  );
  assert.ok(has('  Source       manifests, in sync')(screen.lines()));
  assert.ok(has('  Workers      2')(screen.lines()));

  terminal.resize(44, 14);
  await terminal.shows(
    'a view of the new size',
    lines =>
      lines.some(line => line.endsWith('…')) && has('SERV')(lines) && lines.every(line => [...line].length <= 44),
  );
  assert.ok(screen.lines().length <= 14);
  for (const line of screen.lines()) assert.ok([...line].length <= 44, line);
  terminal.resize(120, 40);
  await terminal.shows('the whole path again', has('for/narrow/terminals'));
  isAsking = false;
  await requests;
  await terminal.shows('silence', has('No requests at the moment.'));

  program.kill('SIGKILL');
  await program.ended();
  // What a screen shows comes in pieces.
  const outage = ['No answer on ', 'is it running?', 'Last seen:'].map(has);
  await terminal.shows('the outage', lines => outage.every(isShown => isShown(lines)));
  await ServingProgram.start(context, { manifests, directory: program.directory });
  await terminal.shows('the new one', lines => has('is ready')(lines) && !has('No answer')(lines));

  terminal.press('\x03');
  assert.equal(await terminal.ended(), 0);
  assert.ok(!screen.isAlternate && screen.isCursorVisible);
  assert.ok(terminal.output.endsWith(RESTORED), JSON.stringify(terminal.output.slice(-40)));
  assert.equal(terminal.output.split(ALTERNATE_SCREEN).length, 2, 'taken over once');
});

test('Ctrl-Z gives the terminal back until the program goes on', { skip }, async context => {
  const terminal = await watchOn(context, join(await scratchDirectory(context), 'nobody.sock'));
  await terminal.shows('that nobody answers', has('No answer on '));
  terminal.press('\x1a');
  // As a shell does, which continues what it knows to be stopped: proc(5), the state after the name.
  const isStopped = (): boolean => readFileSync(`/proc/${terminal.pid()}/stat`, 'latin1').includes(') T ');
  await eventually('the program to be stopped', isStopped, PATIENCE_MS);
  await eventually(
    'the terminal as it was, and then the view',
    () => {
      terminal.resume();
      process.kill(terminal.pid(), 'SIGCONT');
      // What passes the terminal on is stopped along with the program: that it was given back comes through only now.
      const [, after] = terminal.output.split(RESTORED + TAKEN);
      return after?.includes('No answer on ') && terminal.screen.isAlternate;
    },
    PATIENCE_MS,
  );
  terminal.press('\x03');
  assert.equal(await terminal.ended(), 0);
});

test('SIGTERM ends it as Ctrl-C does', { skip }, async context => {
  const terminal = await watchOn(context, join(await scratchDirectory(context), 'nobody.sock'));
  await terminal.shows('that nobody answers', has('No answer on '));
  process.kill(terminal.pid(), 'SIGTERM');
  assert.equal(await terminal.ended(), 0);
  assert.ok(terminal.output.endsWith(RESTORED));
});

test('a dumb terminal gets a line at a time, without a control sequence', { skip }, async context => {
  const environment = { TERM: 'dumb' };
  const terminal = await watchOn(context, join(await scratchDirectory(context), 'nobody.sock'), {
    environment,
    columns: 300,
  });
  await terminal.shows('two lines', lines => lines.filter(line => line.includes('is it running?')).length >= 2);
  terminal.press('\x03');
  assert.equal(await terminal.ended(), 0);
  assert.doesNotMatch(terminal.output, /\x1b/);
});

/** Into a pipe. */
function watchInto(context: TestContext, args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, 'status', '--watch', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const changes = new Changes();
  let text = '';
  let code: number | null | undefined;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    changes.announce();
  });
  child.once('close', ended => {
    code = ended;
    changes.announce();
  });
  const ended = (): Promise<number | null> =>
    changes.until(
      () => `the end of ${text}`,
      () => code,
      PATIENCE_MS,
    );
  context.after(async () => {
    if (code === undefined) child.kill('SIGKILL');
    await ended();
  });
  const lines = (count: number): Promise<string[]> =>
    changes.until(
      () => `${count} lines in ${text}`,
      () => (text.split('\n').length > count ? text.split('\n').slice(0, -1) : undefined),
      PATIENCE_MS,
    );
  return { child, lines, ended };
}

test('a pipe gets a line a second, or a JSON object; the end of its reader is the end', async context => {
  const program = await ServingProgram.start(context, {
    workers: 2,
    manifests: [exposed('shop', await RawUpstream.start(context))],
  });
  const json = watchInto(context, ['--admin-socket', program.adminSocket, '--json']);
  // Each counts the other's connections: the first is alone when it says how many there are.
  await json.lines(1);
  const plain = watchInto(context, ['--admin-socket', program.adminSocket]);
  for (const line of await plain.lines(2)) {
    assert.match(
      line,
      /^\d{4}-\d\d-\d\dT[\d:.]+Z ready; (?:counting|0\/s); \d+ active: .*; 1 route in version 1 of the table; manifests, in sync$/,
    );
  }
  const [first = '', second = ''] = await json.lines(2);
  const { time, table, connections, workers, traffic } = JSON.parse(first);
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
  assert.equal(table.routes, 1);
  assert.equal(connections.writing, 0);
  assert.equal(workers, 2);
  assert.equal(traffic, undefined, 'there is nothing to compare with yet');
  assert.deepEqual(JSON.parse(second).traffic, { total: { requestsPerSecond: 0, failures: 0 }, services: [] });

  plain.child.stdout.destroy();
  assert.equal(await plain.ended(), 0);
  json.child.kill('SIGINT');
  assert.equal(await json.ended(), 0);
});
