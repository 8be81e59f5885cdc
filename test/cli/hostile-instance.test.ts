/** Neither a hostile process on the socket nor a hostile manifest gets control characters to the terminal. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseYaml } from '../../src/formats/yaml.ts';
import { needs } from '../support/installed.ts';
import { PseudoTerminal } from '../support/pseudo-terminal.ts';
import { MAIN, type Outcome, runHere, scratchDirectory, writeManifest } from './cli-fixture.ts';

/** Clears the screen, sets the title, forges a line, reverses what follows, hides, and is a C1 control. */
const EVIL = 'evil\x1b[2J\x1b]0;title\x07\r\nforged\u202e\u200b\x9b31m\u2028';

const ROUTE = {
  host: EVIL,
  path: `/${EVIL}`,
  stripPrefix: true,
  rewriteRedirects: false,
  overrides: {},
  backend: { name: EVIL, endpoints: [{ address: EVIL, port: EVIL }] },
  service: { namespace: EVIL, name: EVIL },
  createdAt: EVIL,
};

const LABEL = EVIL.replace('\r\n', '\\n').replace('\u2028', '');
/** Grows with every scrape, so that there is traffic to show. */
let scrapes = 0;

function answerTo(url: string): string {
  if (url === '/metrics') {
    scrapes += 1;
    return [
      `kube_entry_build_info{version="${LABEL}",engine="wire"} 1`,
      `kube_entry_requests_total{namespace="${LABEL}",service="${LABEL}",code="500"} ${scrapes}`,
      `kube_entry_request_duration_seconds_bucket{namespace="${LABEL}",service="${LABEL}",le="+Inf"} ${scrapes}`,
      '',
    ].join('\n');
  }
  if (url === '/routes') {
    const source = { kind: EVIL, synced: false, problem: EVIL, lostSince: EVIL };
    const finding = { service: ROUTE.service, reason: EVIL, message: EVIL };
    const conflict = { host: EVIL, path: EVIL, winner: ROUTE.service, loser: ROUTE.service };
    const problems = { refusals: [finding], warnings: [finding], conflicts: [conflict, EVIL] };
    return JSON.stringify({ version: 1, initialised: true, source, routes: [ROUTE], ...problems });
  }
  if (url.startsWith('/explain')) {
    const limits = { connectTimeoutMs: -1, readTimeoutMs: 0.5, sendTimeoutMs: 1e300, maxBodySize: -7 };
    const route = { ...ROUTE, overrides: { readTimeoutMs: EVIL } };
    const losers = [{ route: ROUTE, reason: EVIL }];
    return JSON.stringify({ route, upstreamTarget: EVIL, limits, waiting: [ROUTE.service], losers });
  }
  if (url === '/configuration/general') return '{"workers":1}';
  return JSON.stringify([
    { name: EVIL, port: EVIL, service: { spec: { clusterIP: EVIL } }, endpoints: [{ address: EVIL }] },
  ]);
}

async function startHostile(context: TestContext): Promise<string> {
  const socket = join(await scratchDirectory(context), 'admin.sock');
  const server = createServer((request, response) => response.end(answerTo(request.url ?? '')));
  await new Promise<void>(fulfil => server.listen(socket, fulfil));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return socket;
}

function assertHarmless({ stdout, stderr }: Outcome, what: string): void {
  for (const text of [stdout, stderr]) {
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, `${what}: ${JSON.stringify(text)}`);
    assert.doesNotMatch(text, /^forged/m, what);
  }
}

test('a hostile instance cannot drive the terminal, in any form of output', async context => {
  const socket = await startHostile(context);
  for (const question of [
    ['status'],
    ['routes'],
    ['backends'],
    ['backends', EVIL],
    ['backends', 'evil'],
    ['explain', `/${EVIL}`],
  ]) {
    for (const output of ['table', 'json', 'yaml']) {
      const outcome = await runHere([...question, '--admin-socket', socket, '--output', output]);
      assertHarmless(outcome, `${question[0]} as ${output}`);
      assert.ok(outcome.stdout === '' ? outcome.code === 1 : outcome.stdout.includes('evil'), question.join(' '));
      if (outcome.stdout !== '' && output === 'json') JSON.parse(outcome.stdout);
      if (outcome.stdout !== '' && output === 'yaml') parseYaml(outcome.stdout);
    }
  }
});

test('nor can manifests, their names and the command line', async context => {
  const metadata = {
    name: 'a',
    annotations: { 'kube-entry.io/path': `no-slash${EVIL}`, [`kube-entry.io/${EVIL}`]: EVIL },
  };
  const refused = { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: EVIL, ports: [{ port: 80 }] } };
  const shown = {
    ...refused,
    metadata: { name: 'b', annotations: { 'kube-entry.io/path': '/b', [`kube-entry.io/pat${EVIL}`]: EVIL } },
    spec: { clusterIP: '10.0.0.1', ports: [{ port: 80 }] },
  };
  const file = await writeManifest(context, `${JSON.stringify(refused)}\n---\n${JSON.stringify(shown)}\n`);
  for (const output of ['table', 'json', 'yaml']) {
    for (const question of [
      ['routes', '--manifests', file],
      ['check', file],
      ['explain', '/b', '--manifests', file],
    ]) {
      assertHarmless(await runHere([...question, '--output', output]), `${question[0]} as ${output}`);
    }
  }
  for (const argv of [
    [EVIL],
    ['routes', `--${EVIL}`],
    ['routes', '--output', EVIL],
    ['check', EVIL],
    ['status', '--admin-socket', EVIL],
  ]) {
    const outcome = await runHere(argv);
    assert.notEqual(outcome.code, 0);
    assert.match(outcome.stderr, /evil|must be one of/);
    assertHarmless(outcome, argv.join(' '));
  }
});

test('nor can it in the live view', needs('script'), async context => {
  const socket = await startHostile(context);
  const directory = await scratchDirectory(context);
  const command = `exec '${process.execPath}' '${MAIN}' status --watch --admin-socket '${socket}'`;
  // Its model of a screen throws at any control that the program has no use for.
  const terminal = await PseudoTerminal.run(context, command, { directory, columns: 250, rows: 30 });
  await terminal.shows('the Service, in one line', lines =>
    lines.some(line => /^evil\\u001b\[2J.*\/s +100 % /.test(line)),
  );
  assert.ok(!terminal.screen.lines().some(line => line.startsWith('forged')));
  terminal.press('\x03');
  assert.equal(await terminal.ended(), 0);
});
