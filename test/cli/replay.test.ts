/** `kube-entry replay`, as a person runs it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startHttpBackend } from '../support/http-backend.ts';
import { MAIN, runHere, scratchDirectory } from './cli-fixture.ts';

const LOG = ['/same', '/moved', '/gone', '/gone']
  .map(target => `1.2.3.4 - - [28/Nov/2026:20:51:33 +0000] "GET ${target} HTTP/1.1" 200 1 "-" "-"\n`)
  .join('');

async function ends(t: Parameters<typeof startHttpBackend>[0]): Promise<string[]> {
  const old = await startHttpBackend(t, ({ url }, response) => {
    if (url === '/moved') response.writeHead(302, { Location: '/a' });
    response.end();
  });
  const fresh = await startHttpBackend(t, ({ url }, response) => {
    if (url === '/moved') response.writeHead(302, { Location: '/b' });
    if (url === '/gone') response.statusCode = 404;
    response.end();
  });
  const [a, b] = [old, fresh].map(({ address }) => `http://127.0.0.1:${address.port}`);
  return ['--against', a ?? '', '--with', b ?? ''];
}

test('a report shows each kind of difference with examples, and the exit code says that there are some', async t => {
  const both = await ends(t);
  const { code, stdout, stderr } = await runHere(['replay', '-', '--host', 'shop.example.com', ...both], {
    input: LOG,
  });
  assert.deepEqual({ code, stderr }, { code: 1, stderr: '' });
  assert.equal(
    stdout,
    `A  ${both[1]}
B  ${both[3]}

Status 200 → 404: 2 requests
  FOR EXAMPLE
  GET shop.example.com/gone
  GET shop.example.com/gone

Location: 1 request
  FOR EXAMPLE                 A   B
  GET shop.example.com/moved  /a  /b

4 requests compared, 1 equal, 3 different
`,
  );
});

test('JSON has the same for scripts, and answers that agree exit with 0', async t => {
  const both = await ends(t);
  const file = join(await scratchDirectory(t), 'access.log');
  await writeFile(file, LOG);
  const { code, stdout } = await runHere(['replay', file, '--host', 'a', '-o', 'json', '--limit', '1', ...both]);
  assert.equal(code, 0);
  const skipped = { format: 0, request: 0, method: 0, host: 0, hostless: 0, length: 0 };
  assert.deepEqual(JSON.parse(stdout), {
    against: both[1],
    with: both[3],
    ...{ lines: 1, compared: 1, equal: 1, different: 0, unsteady: 0, otherPages: 0, skipped, differences: [] },
  });
});

test('pages of redirects and errors are each server’s own, and are compared only where one asks for it', async t => {
  const page = async (name: string) => {
    const { address } = await startHttpBackend(t, ({ url }, response) => {
      response.statusCode = url === '/moved' ? 308 : url === '/gone' ? 404 : 200;
      response.setHeader('Content-Type', name === 'old' || url === '/same' ? 'text/html' : 'text/html; charset=utf-8');
      response.end(url === '/same' ? 'backend' : `<center>${name}</center>`);
    });
    return `http://127.0.0.1:${address.port}`;
  };
  const asked = ['replay', '-', '--host', 'a', '--against', await page('old'), '--with', await page('new')];
  const usual = await runHere(asked, { input: LOG });
  assert.equal(usual.code, 0);
  assert.match(
    usual.stdout,
    /\n\n3 redirects and errors with other pages, which are not compared: --pages compares them, too\n\n4 requests compared, 4 equal, 0 different\n$/,
  );
  const all = await runHere([...asked, '--pages'], { input: LOG });
  assert.equal(all.code, 1);
  assert.match(all.stdout, /^Content-Type: 3 requests$/m);
  assert.match(all.stdout, /^Body: 3 requests$/m);
  assert.match(all.stdout, /4 requests compared, 1 equal, 3 different\n$/);
});

test('what is wrong with the command line is said at once, and nothing is sent', async () => {
  const wrong = [
    '--against',
    'ftp://a',
    '--host',
    'a b',
    '--limit',
    '0',
    '--rate',
    'x',
    '--header',
    'a\rb',
    '--method',
    'g t',
  ];
  const { code, stderr } = await runHere(['replay', '-', ...wrong]);
  assert.equal(code, 2);
  for (const option of ['against', 'with', 'host', 'limit', 'rate', 'header', 'method']) {
    assert.match(stderr, new RegExp(`^kube-entry: --${option}: `, 'm'));
  }
});

test('a log without hosts, and one that is not there, say what to do', async t => {
  const both = await ends(t);
  const hostless = await runHere(['replay', '-', ...both], { input: LOG });
  assert.equal(hostless.code, 2);
  assert.match(hostless.stderr, /--host: no line of - names a host/);
  const absent = await runHere(['replay', '/nonexistent/access.log', '--host', 'a', ...both]);
  assert.equal(absent.code, 1);
  assert.match(absent.stderr, /\/nonexistent\/access\.log cannot be read/);
});

test('Ctrl-C prints what was found until then, and ends the process', async t => {
  let asked = 0;
  const count = await startHttpBackend(t, (_, response) => {
    asked += 1;
    response.end();
  });
  const url = `http://127.0.0.1:${count.address.port}`;
  const live = spawn(process.execPath, [MAIN, 'replay', '-', '--host', 'a', '--against', url, '--with', url]);
  t.after(() => live.kill('SIGKILL'));
  const [report, end] = [text(live.stdout), new Promise(resolve => live.once('close', (_, by) => resolve(by)))];
  // The input stays open, as that of `tail -f`.
  live.stdin.write(LOG);
  await eventually('all requests are answered', () => asked === 8);
  live.kill('SIGINT');
  assert.equal(await end, 'SIGINT');
  assert.match(await report, /Ended early: interrupted\n\n\d requests? compared, \d equal, 0 different\n$/);
});
