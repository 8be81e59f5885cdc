/** Commands that print once, and the program's own log, on a real terminal. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { displayWidth } from '../../../src/cli/terminal/width.ts';
import { needs } from '../../support/installed.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { MAIN, scratchDirectory, spawnCli, writeManifest } from '../cli-fixture.ts';
import { SERVICES } from '../services.ts';

const { skip } = needs('script');
const COLUMNS = 60;

async function runOn(
  context: TestContext,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<PseudoTerminal> {
  const words = [process.execPath, MAIN, ...args].map(word => `'${word}'`).join(' ');
  const directory = await scratchDirectory(context);
  return PseudoTerminal.run(context, `exec ${words}`, { directory, columns: COLUMNS, rows: 50, environment });
}

test('routes on a terminal: colours, and no line longer than it is wide', { skip }, async context => {
  const file = await writeManifest(context, SERVICES.replace('/young/one', `/young/${'long/'.repeat(20)}`));
  const terminal = await runOn(context, ['routes', '--manifests', file]);
  assert.equal(await terminal.ended(), 0);
  const lines = terminal.screen.lines();
  assert.match(lines[0] ?? '', /^HOST +PATH +UPSTREAM +SERVICE$/);
  assert.ok(lines.some(line => /^\* +\/young\/long\/.*… +10\.0\.0\.3:80 +default\/young$/.test(line)));
  for (const line of lines) assert.ok(displayWidth(line) <= COLUMNS, line);
  // Nothing of what there is to do is cut off.
  const advice = lines.slice(lines.indexOf('Refused') + 2, lines.indexOf('Conflicts') - 1);
  assert.ok(advice.length > 1);
  assert.ok(!advice.join('').includes('…'));
  assert.match(terminal.output, /\x1b\[1mHOST/);

  const piped = await spawnCli(['routes', '--manifests', file]);
  assert.doesNotMatch(piped.stdout, /\x1b|…/, 'a pipe gets all of it, plain');
});

test('colour is as the environment says', { skip }, async context => {
  const file = await writeManifest(context, SERVICES);
  const plain = await runOn(context, ['check', file], { NO_COLOR: '1' });
  assert.equal(await plain.ended(), 1);
  assert.doesNotMatch(plain.output, /\x1b/);
  const forced = await spawnCli(['check', file], { environment: { FORCE_COLOR: '1' } });
  assert.match(forced.stdout, /\x1b\[31m.*1 problem/);
});

test('the program’s own log is for people on a terminal', { skip }, async context => {
  const directory = await scratchDirectory(context);
  const manifest = join(directory, 'services.yaml');
  await writeFile(manifest, SERVICES);
  const terminal = await runOn(context, [
    'serve',
    ...['--listen', '127.0.0.1:0', '--status-listen', '127.0.0.1:0', '--admin-socket', join(directory, 'admin.sock')],
    ...['--manifests', manifest, '--workers', '1'],
  ]);
  await terminal.wrote('a new route table');
  terminal.press('\x03');
  assert.equal(await terminal.ended(), 0);
  assert.match(
    terminal.output,
    /^\x1b\[2m\d\d:\d\d:\d\d\.\d{3}\x1b\[22m \x1b\[32minfo \x1b\[39m listening {2}\x1b\[36mlisten\x1b\[39m=127/m,
  );
});
