import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { formatStubStatus } from '../../src/admin/stub-status.ts';
import { eventually } from '../support/eventually.ts';
import { ask, type Destination, exchange, get, header, open } from '../support/exchange.ts';
import { needs, pathOf } from '../support/installed.ts';
import { readStubStatus } from '../support/stub-status.ts';
import { adminServer, scratchDirectory, statusServer } from './admin-fixture.ts';

const STATUS = '/nginx_status';

/** A real nginx that serves stub_status on a unix socket, one request a connection as ingress-nginx has it. */
async function realNginx(context: TestContext): Promise<Destination> {
  const directory = await scratchDirectory(context);
  const path = join(directory, 'nginx.sock');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path t_${name};`);
  await writeFile(
    join(directory, 'nginx.conf'),
    `daemon off; master_process off; pid nginx.pid; error_log stderr crit;
     events {}
     http { access_log off; keepalive_timeout 0; ${temporary.join(' ')}
            server { listen unix:${path}; location = ${STATUS} { stub_status; } } }`,
  );
  const nginx = spawn(pathOf('nginx'), ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let failure: unknown;
  nginx.on('error', error => {
    failure = error;
  });
  context.after(async () => {
    if (nginx.pid === undefined || nginx.exitCode !== null) return;
    nginx.kill('SIGKILL');
    await once(nginx, 'exit');
  });
  await eventually('nginx listens', async () => {
    assert.ifError(failure);
    assert.equal(nginx.exitCode, null, 'nginx ended');
    return open({ path }).then(
      socket => socket.destroy() !== undefined,
      () => undefined,
    );
  });
  return { path };
}

const servers = {
  'the admin socket': async (context: TestContext) => (await adminServer(context)).at,
  'the status listener': async (context: TestContext) => (await statusServer(context)).at,
};

for (const [name, start] of Object.entries(servers)) {
  test(`a lone request to ${name} sees itself and nothing else`, async context => {
    const at = await start(context);
    const response = await get(at, STATUS);
    assert.equal(
      response.body,
      'Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 Writing: 1 Waiting: 0 \n',
    );
    assert.equal(response.status, 200);
    assert.deepEqual(header(response, 'content-type'), ['text/plain']);
    assert.deepEqual(header(response, 'content-length'), ['97']);
    assert.deepEqual(header(response, 'connection'), ['close']);
    const next = await get(at, STATUS);
    assert.equal(
      next.body,
      'Active connections: 1 \nserver accepts handled requests\n 2 2 2 \nReading: 0 Writing: 1 Waiting: 0 \n',
    );
  });

  test(`${name} answers the status like a real nginx, byte for byte`, needs('nginx'), async context => {
    const [ours, nginx] = await Promise.all([start(context), realNginx(context)]);
    // What nginx answers depends on the connections it took while it started.
    const theirs = (await get(nginx, STATUS)).body;
    assert.equal(theirs, formatStubStatus(readStubStatus(theirs)));

    for (const at of [ours, nginx]) {
      const head = await exchange(at, `HEAD ${STATUS} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
      assert.match(head, /\r\ncontent-length: \d+\r\n/i);
      assert.match(head, /\r\ncontent-type: text\/plain\r\n/i);
      assert.match(head, /\r\nconnection: close\r\n/i);
      assert.ok(head.endsWith('\r\n\r\n'), 'HEAD has no body');
      assert.equal((await ask(at, 'POST', STATUS, 'x')).status, 405);
      assert.equal((await get(at, `${STATUS}?anything`)).status, 200);
    }
  });

  test(`${name} counts idle and half-sent connections as nginx does`, needs('nginx'), async context => {
    for (const at of [await start(context), await realNginx(context)]) {
      const before = readStubStatus((await get(at, STATUS)).body);
      const [idle, begun] = [await open(at), await open(at)];
      begun.write('GET / HTTP/1.1\r\nHo');
      const after = await eventually('both connections are seen', async () => {
        const seen = readStubStatus((await get(at, STATUS)).body);
        return seen.active === 3 && seen.reading === 1 && seen.waiting === 1 ? seen : undefined;
      });
      const { active, accepted, handled, requests, reading, writing, waiting } = after;
      assert.deepEqual({ active, reading, writing, waiting }, { active: 3, reading: 1, writing: 1, waiting: 1 });
      assert.equal(accepted, handled);
      // All but the idle one sent the first byte of a request.
      assert.equal(accepted - before.accepted, requests - before.requests + 1);
      idle.destroy();
      begun.destroy();
      await eventually('both are gone', async () => readStubStatus((await get(at, STATUS)).body).active === 1);
    }
  });
}

test('the counts of workers and of all listeners are added up', async context => {
  const { at, board } = await adminServer(context);
  for (const factor of [1, 10]) {
    const worker = board.addRegion();
    worker.add('active', 3 * factor);
    worker.add('accepted', 5 * factor);
    worker.add('handled', 4 * factor);
    worker.add('requests', 9 * factor);
    worker.add('reading', factor);
    worker.add('writing', factor);
    worker.add('waiting', factor);
  }
  assert.equal(
    (await get(at, STATUS)).body,
    'Active connections: 34 \nserver accepts handled requests\n 56 45 100 \nReading: 11 Writing: 12 Waiting: 11 \n',
  );
});

test('numbers are written in full, however large', () => {
  const many = 123_456_789_012_345;
  const text = formatStubStatus({
    active: 0,
    accepted: many,
    handled: many,
    requests: many,
    reading: 0,
    writing: 0,
    waiting: 0,
  });
  assert.match(text, /\n 123456789012345 123456789012345 123456789012345 \n/);
});

test('the parsers of nginx-prometheus-exporter and ingress-nginx read it', () => {
  const status = { active: 72, accepted: 11, handled: 10, requests: 33, reading: 2, writing: 9, waiting: 61 };
  const text = formatStubStatus(status);
  // The exporter's Fscanf template, with blanks as loose as Go takes them.
  const template =
    'Active connections: %d\nserver accepts handled requests\n%d %d %d\nReading: %d Writing: %d Waiting: %d\n';
  const pattern = template.replaceAll('%d', '(\\d+)').replaceAll('\n', ' *\n *').replace(/ \*$/, '');
  assert.deepEqual(new RegExp(`^${pattern}$`).exec(text)?.slice(1).map(Number), [72, 11, 10, 33, 2, 9, 61]);

  const find = (expression: RegExp) => expression.exec(text)?.slice(1).map(Number);
  assert.deepEqual(find(/Active connections: (\d+)/), [72]);
  assert.deepEqual(find(/(\d+)\s(\d+)\s(\d+)/), [11, 10, 33]);
  assert.deepEqual(find(/Reading: (\d+)/), [2]);
  assert.deepEqual(find(/Writing: (\d+)/), [9]);
  assert.deepEqual(find(/Waiting: (\d+)/), [61]);
});
