/** Two servers on real sockets are asked what a log says, and their answers are compared. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { COMPARED_HEADERS } from '../../src/replay/answer.ts';
import { End, type EndOptions, readEnd } from '../../src/replay/end.ts';
import { type Answering, NoHostError, type ReplayOptions, replay, SAFE_METHODS } from '../../src/replay/replay.ts';
import type { Findings } from '../../src/replay/tally.ts';
import { atEnd } from '../support/cleanup.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startHttpBackend } from '../support/http-backend.ts';
import { answer, NOBODY, RawUpstream } from '../support/raw-upstream.ts';
import { selfSigned } from '../support/self-signed.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function endTo(t: TestContext, url: string, options: Partial<EndOptions> = {}): End {
  const end = new End(readEnd(url), {
    ...{ comparedHeaders: COMPARED_HEADERS, requestHeaders: [], isInsecure: false, clock: systemClock },
    ...options,
  });
  atEnd(t, () => end.close());
  return end;
}

async function serving(t: TestContext, handler: Handler, options: Partial<EndOptions> = {}): Promise<End> {
  const { address } = await startHttpBackend(t, handler);
  return endTo(t, `http://127.0.0.1:${address.port}`, options);
}

function get(target: string, method = 'GET'): string {
  return `1.2.3.4 - - [28/Nov/2026:20:51:33 +0000] "${method} ${target} HTTP/1.1" 200 1 "-" "-"`;
}

async function* streamed(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

function compare(
  lines: readonly string[],
  a: Answering,
  b: Answering,
  some: Partial<ReplayOptions> = {},
): Promise<Findings> {
  return replay(streamed(lines), {
    ...{ against: a, with: b, host: 'shop.example.com', methods: new Set(SAFE_METHODS), limit: 1_000, rate: 1e6 },
    comparesPages: true,
    ...{ clock: systemClock, signal: new AbortController().signal, ...some },
  });
}

/** Each kind with what its first example shows. */
function shown({ differences }: Findings): string[] {
  return differences
    .map(({ what, change, count, examples: [first] }) => {
      const values = change ?? `${first?.against} → ${first?.with}`;
      return `${count} × ${what}: ${values} (${first?.method} ${first?.host}${first?.target})`;
    })
    .sort();
}

test('both ends get the request of the log, byte for byte', async t => {
  const a = await RawUpstream.start(t, async request => void (await request.connection.send(answer())));
  const b = await RawUpstream.start(t, async request => void (await request.connection.send(answer())));
  const ends = [a, b].map(({ address }) =>
    endTo(t, `http://127.0.0.1:${address.port}`, { requestHeaders: [['X-Probe', 'yes']] }),
  );
  const [first, second] = ends as [End, End];
  const lines = [get('/a//b/../c%2Fd?e=%zz&f=\\xC3\\xA9')];
  const findings = await compare(lines, first, second, { host: 'Shop.example.com:8080' });
  assert.deepEqual([findings.compared, findings.equal], [1, 1]);
  for (const { requests } of [a, b]) {
    assert.equal(requests.length, 1);
    const [request] = requests;
    assert.equal(request?.line, 'GET /a//b/../c%2Fd?e=%zz&f=\xc3\xa9 HTTP/1.1');
    assert.deepEqual(request?.headers.slice(0, 2), [
      ['Host', 'Shop.example.com:8080'],
      ['X-Probe', 'yes'],
    ]);
  }
});

test('differences are grouped by what differs', async t => {
  const a = await serving(t, ({ url }, response) => {
    if (url === '/moved') response.writeHead(302, { Location: '/a' });
    if (url === '/type') response.setHeader('Content-Type', 'text/plain');
    if (url === '/date') response.setHeader('Date', 'now');
    response.end('body');
  });
  const b = await serving(t, ({ url }, response) => {
    if (url === '/gone') response.statusCode = 404;
    if (url === '/moved') response.writeHead(302, { Location: '/b' });
    if (url === '/type') response.setHeader('Content-Type', 'text/html');
    response.end(url === '/body' ? 'other' : 'body');
  });
  const lines = ['/same', '/gone', '/gone', '/moved', '/type', '/body', '/date'].map(target => get(target));
  const findings = await compare(lines, a, b);
  assert.deepEqual([findings.compared, findings.equal, findings.different], [7, 2, 5]);
  assert.deepEqual(shown(findings), [
    '1 × body: 4 bytes, sha256 230d8358dc8e → 5 bytes, sha256 d9298a10d1b0 (GET shop.example.com/body)',
    '1 × content-type: text/plain → text/html (GET shop.example.com/type)',
    '1 × location: /a → /b (GET shop.example.com/moved)',
    '2 × status: 200 → 404 (GET shop.example.com/gone)',
  ]);
});

test('what A answers differently each time is no difference', async t => {
  let count = 0;
  const counting: Handler = ({ url }, response) => {
    count += 1;
    response.setHeader('Content-Type', url === '/mixed' ? `text/${response.req.socket.localPort}` : 'text/plain');
    response.end(String(count));
  };
  const findings = await compare([get('/time'), get('/mixed')], await serving(t, counting), await serving(t, counting));
  assert.deepEqual([findings.equal, findings.different, findings.unsteady], [0, 1, 1]);
  assert.deepEqual(
    findings.differences.map(({ what }) => what),
    ['content-type'],
  );
});

test('methods that change something are left out, and asked once where they are wanted', async t => {
  const asked: string[] = [];
  const noting: Handler = ({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    response.end(String(asked.length));
  };
  const lines = [get('/x', 'POST'), get('/x', 'DELETE'), get('/x', 'HEAD')];
  const [a, b] = [await serving(t, noting), await serving(t, noting)];
  const safe = await compare(lines, a, b);
  assert.equal(safe.skipped.method, 2);
  assert.deepEqual(asked, ['HEAD /x', 'HEAD /x']);
  asked.length = 0;
  const posted = await compare(lines, a, b, { methods: new Set(['POST']) });
  assert.equal(posted.different, 1);
  assert.deepEqual(asked, ['POST /x', 'POST /x'], 'not a third time');
});

test('lines of other hosts are left out, and a log without hosts needs one', async t => {
  const hosts: (string | undefined)[] = [];
  const end = await serving(t, ({ headers }, response) => {
    hosts.push(headers.host);
    response.end();
  });
  const of = (host: string) => JSON.stringify({ requestLine: 'GET / HTTP/1.1', host });
  const lines = [of('a.example.com'), of('SHOP.example.com'), get('/')];
  const one = await compare(lines, end, end);
  assert.deepEqual([one.compared, one.skipped.host], [2, 1]);
  assert.deepEqual(hosts.sort(), ['SHOP.example.com', 'SHOP.example.com', 'shop.example.com', 'shop.example.com']);
  await assert.rejects(compare([get('/'), get('/x')], end, end, { host: undefined }), NoHostError);
});

test('lines from before the log had hosts are counted, and those behind them are sent', async t => {
  const end = await serving(t, (_, response) => void response.end());
  const lines = [get('/'), get('/x'), JSON.stringify({ requestLine: 'GET / HTTP/1.1', host: 'a.example.com' })];
  const { compared, skipped } = await compare(lines, end, end, { host: undefined });
  assert.deepEqual([compared, skipped.hostless], [1, 2]);
});

test('lines that cannot be sent are counted by reason', async t => {
  const end = await serving(t, (_, response) => void response.end());
  const lines = ['junk', '', get('\\x16\\x03'), get('/ok')];
  const { skipped, compared, lines: all } = await compare(lines, end, end);
  assert.deepEqual(
    { ...skipped, compared, all },
    { format: 1, request: 1, method: 0, host: 0, hostless: 0, length: 0, compared: 1, all: 4 },
  );
});

test('an end that does not answer is a difference, and one that never does ends the replay', async t => {
  const a = await serving(t, (_, response) => void response.end());
  const nobody = endTo(t, `http://${NOBODY.host}:${NOBODY.port}`);
  const few = await compare([get('/')], a, nobody);
  assert.deepEqual(shown(few), ['1 × answer: 200 → ECONNREFUSED (GET shop.example.com/)']);
  const many = await compare(
    Array.from({ length: 1_000 }, () => get('/')),
    a,
    nobody,
  );
  assert.match(many.stopped ?? '', /^B has not answered 100 requests in a row \(ECONNREFUSED\)$/);
  assert.ok(many.compared < 200, String(many.compared));
  const both = await compare([get('/')], nobody, nobody);
  assert.deepEqual([both.equal, both.different], [0, 1], 'two that are silent do not agree');
});

test('hostile answers end with an error, or are cut, and the rest goes on', async t => {
  const hostile = await RawUpstream.start(t, async ({ connection, target }) => {
    if (target === '/junk') await connection.send('SSH-2.0-OpenSSH\r\n\r\n');
    else if (target === '/headers') await connection.send(`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(100_000)}\r\n`);
    else if (target === '/short') await connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
    else if (target === '/ends') connection.finish();
    else await connection.send(answer());
    if (target === '/short') connection.finish();
  });
  hostile.toleratesMalformed = true;
  const a = await serving(t, (_, response) => void response.end('ok'));
  const b = endTo(t, `http://127.0.0.1:${hostile.address.port}`);
  const findings = await compare(
    ['/junk', '/headers', '/short', '/ends', '/fine'].map(target => get(target)),
    a,
    b,
  );
  assert.equal(findings.different, 4);
  assert.equal(findings.equal, 1);
  assert.deepEqual([...new Set(findings.differences.map(({ what }) => what))], ['answer']);
});

test('an answer that does not end is given up', async t => {
  const clock = new FakeClock();
  const a = await serving(t, (_, response) => void response.end('ok'));
  const slow = await RawUpstream.start(t, async ({ connection }) => {
    await connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
    clock.advance(60_000);
  });
  const b = endTo(t, `http://127.0.0.1:${slow.address.port}`, { clock });
  assert.deepEqual(shown(await compare([get('/')], a, b)), ['1 × answer: 200 → ETIMEDOUT (GET shop.example.com/)']);
});

test('over TLS the host of the request is asked for, and certificates count unless the caller says otherwise', async t => {
  const names: (string | false | null)[] = [];
  const { key, cert } = selfSigned({ names: ['shop.example.com'] });
  const server = createTlsServer({ key, cert }, (request, response) => {
    names.push((request.socket as unknown as { servername: string | false | null }).servername);
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => {
    server.close();
    server.closeAllConnections();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const lines = ['shop.example.com', 'blog.example.com:444', '10.0.0.1'].map(host =>
    JSON.stringify({ requestLine: 'GET / HTTP/1.1', host }),
  );
  const end = endTo(t, url, { isInsecure: true });
  const open = await compare(lines, end, end, { host: undefined });
  assert.deepEqual([open.compared, open.equal], [3, 3]);
  assert.deepEqual(new Set(names), new Set(['shop.example.com', 'blog.example.com', false]));
  const strict = await compare([get('/')], end, endTo(t, url));
  assert.match(shown(strict)[0] ?? '', /^1 × answer: 200 → \w*SELF_SIGNED\w* /);
});

test('a connection that the server closed while it waited is no missing answer', async t => {
  const seen: string[] = [];
  const closing = await RawUpstream.start(t, async ({ connection, line }) => {
    // The first connection takes a second request, and closes instead of answering it.
    if (seen.push(line) === 2) connection.reset();
    else await connection.send(answer());
  });
  const a = await serving(t, (_, response) => void response.end('ok'));
  const b = endTo(t, `http://127.0.0.1:${closing.address.port}`);
  assert.equal((await compare([get('/1')], a, b)).differences.filter(({ what }) => what === 'answer').length, 0);
  await new Promise(setImmediate);
  assert.equal((await compare([get('/2')], a, b)).differences.filter(({ what }) => what === 'answer').length, 0);
  assert.deepEqual(seen, ['GET /1 HTTP/1.1', 'GET /2 HTTP/1.1', 'GET /2 HTTP/1.1']);
});

test('the rate and the limit are kept', async t => {
  const clock = new FakeClock();
  const at: number[] = [];
  const end: Answering = {
    async ask() {
      at.push(clock.monotonic());
      return { status: 200, headers: new Map(), bodyHash: '', bodyBytes: 0 };
    },
  };
  const lines = Array.from({ length: 10 }, () => get('/'));
  const running = compare(lines, end, end, { clock, rate: 10, limit: 4 });
  for (let turns = 0; turns < 40; turns += 1) {
    await new Promise(setImmediate);
    clock.advance(25);
  }
  assert.equal((await running).compared, 4);
  const begun = at.filter((_, index) => index % 2 === 0);
  const gaps = begun.slice(1).map((time, index) => time - (begun[index] ?? 0));
  assert.ok(gaps.length === 3 && gaps.every(gap => gap >= 100), gaps.join(', '));
  t.diagnostic(gaps.join(', '));
});

test('what was found until it is stopped counts', async t => {
  const stop = new AbortController();
  const end = await serving(t, ({ url }, response) => {
    if (url === '/3') stop.abort();
    else response.end();
  });
  stop.signal.addEventListener('abort', () => end.close());
  async function* growing(): AsyncGenerator<string> {
    for (let count = 1; ; count += 1) yield get(`/${count}`);
  }
  const findings = await replay(growing(), {
    ...{ against: end, with: end, host: 'a', methods: new Set(['GET']), limit: 1_000, rate: 20, clock: systemClock },
    comparesPages: true,
    signal: stop.signal,
  });
  assert.equal(findings.stopped, 'interrupted');
  assert.ok(findings.compared <= 2);
  assert.equal(findings.different, 0);
});

test('very many kinds of differences stay few', async t => {
  const statuses = Array.from({ length: 500 }, (_, index) => 201 + index);
  const a = await serving(t, (_, response) => void response.end());
  const b: Answering = {
    ask: async () => ({ status: statuses.shift() ?? 0, headers: new Map(), bodyHash: '', bodyBytes: 0 }),
  };
  const { differences } = await compare(
    Array.from({ length: 500 }, () => get('/')),
    a,
    b,
  );
  assert.equal(differences.length, 201);
  assert.equal(differences[0]?.count, 300);
  assert.equal(differences[0]?.examples.length, 5);
});
