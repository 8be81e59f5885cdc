import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { FilteredExchange } from '../../src/dataplane/pipeline/filters/filter.ts';
import { Mirror } from '../../src/dataplane/pipeline/filters/mirror.ts';
import { CopyMemory, MOST_WAITING_BYTES } from '../../src/dataplane/pipeline/subrequests/body-copy.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import type { Policy } from '../../src/model/policy.ts';
import { eventually } from '../support/eventually.ts';
import { header } from '../support/exchange.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { requestFields } from '../support/http2-fields.ts';
import { answeringHttp2, RawHttp2Upstream } from '../support/raw-http2-upstream.ts';
import { answer, answering, RawUpstream, type UpstreamHandler, type UpstreamRequest } from '../support/raw-upstream.ts';
import { BESIDE, type PolicyScene, type PolicySceneOptions, policyScene } from './scene.ts';

const MIRROR: Policy = { kind: 'mirror', cluster: BESIDE, percent: 100 };

interface Mirrored {
  readonly entry: PolicyScene;
  readonly shadow: RawUpstream;
}

async function mirrored(
  t: TestContext,
  respond: UpstreamHandler = answering(),
  policies: readonly Policy[] = [MIRROR],
  options: PolicySceneOptions = {},
): Promise<Mirrored> {
  const shadow = await RawUpstream.start(t, respond);
  const entry = await policyScene(t, policies, { ...options, beside: [{ path: '/shadow', to: shadow }] });
  return { entry, shadow };
}

/** The copies are over, and none of their connections is busy. */
function settled({ entry }: Pick<Mirrored, 'entry'>): Promise<unknown> {
  return eventually('no busy connection', () => entry.proxy.counters.get('upstreamBusy') === 0);
}

const sorted = ({ headers }: UpstreamRequest): string[] => headers.map(([name, value]) => `${name}: ${value}`).sort();

const post = (body: string, lines = ''): string =>
  `POST /guarded/a?b=c HTTP/1.1\r\nHost: app.test\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`;

describe('mirror', { concurrency: 8 }, () => {
  it('sends copies to several clusters, each with the whole body, and none of them waits for another', async t => {
    const silent = await RawUpstream.start(t, () => undefined);
    const other = await RawUpstream.start(t, answering());
    const entry = await policyScene(
      t,
      [
        { ...MIRROR, cluster: BESIDE },
        { ...MIRROR, cluster: 'test/service-3:80' },
        { ...MIRROR, cluster: 'test/service-3:80', dropsBody: true },
      ],
      {
        beside: [
          { path: '/silent', to: silent },
          { path: '/other', to: other },
        ],
      },
    );
    const client = await entry.proxy.connect();
    await client.send(post('').replace('Content-Length: 0\r\n', 'Content-Length: 11\r\n'), 'first ');
    await entry.upstream.request(0);
    await client.send('piece');
    assert.equal((await client.response()).status, 200);
    assert.equal((await (await silent.request(0)).whole()).body, 'first piece');
    await other.request(1);
    await Promise.all(other.requests.map(request => request.whole()));
    assert.deepEqual(other.requests.map(({ body }) => body).sort(), ['', 'first piece']);
  });

  it('sends what the upstream gets, head and body, behind the policies before it', async t => {
    const edits: Policy = { kind: 'request-headers', edits: [{ op: 'set', name: 'X-Tenant', value: 'blue' }] };
    const { entry, shadow } = await mirrored(t, answering(answer('no', '', '500 No')), [edits, MIRROR]);
    const client = await entry.proxy.connect();
    for (const bytes of [
      post('hello', 'X-Tenant: red\r\nCookie: a=b\r\n'),
      'PUT /guarded HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\nConnection: TE\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
      'GET /guarded HTTP/1.1\r\nHost: app.test\r\n\r\n',
    ]) {
      await client.send(bytes);
      assert.equal((await client.response()).status, 200);
    }
    const seen = async (index: number) => {
      const [real, copy] = [await entry.upstream.request(index), await (await shadow.request(index)).whole()];
      return { real, copy };
    };
    const first = await seen(0);
    assert.deepEqual([first.copy.line, sorted(first.copy)], [first.real.line, sorted(first.real)]);
    assert.equal(first.copy.body, 'hello');
    assert.equal(first.copy.header('x-tenant'), 'blue');
    const second = await seen(1);
    assert.deepEqual([second.copy.line, second.copy.body, second.copy.framing], ['PUT / HTTP/1.1', 'abcde', 'chunked']);
    assert.equal(second.copy.header('te'), undefined);
    const third = await seen(2);
    assert.deepEqual([third.copy.line, sorted(third.copy)], [third.real.line, sorted(third.real)]);
    const lines = await entry.proxy.logged(3);
    assert.equal(lines.length, 3);
    assert.deepEqual([...new Set(lines.map(({ status, reason }) => `${status} ${reason}`))].length, 1);
    await eventually('counted', () => entry.proxy.counters.subrequests('mirror', 'answered') === 3);
  });

  it('sends large bodies whole', async t => {
    const { entry, shadow } = await mirrored(t);
    const body = 'x'.repeat(MOST_WAITING_BYTES / 2);
    const client = await entry.proxy.connect();
    for (const index of [0, 1, 2]) {
      await client.send(post(body));
      assert.equal((await client.response()).status, 200);
      assert.equal((await (await shadow.request(index)).whole()).body.length, body.length);
      await settled({ entry });
    }
    assert.equal(shadow.connections.length, 1);
  });

  it('copies requests of clients of HTTP/2, and to clusters of HTTP/2', async t => {
    const shadow = await RawHttp2Upstream.start(t, answeringHttp2());
    const cluster: Partial<Cluster> = { protocol: 'h2c' };
    const entry = await policyScene(t, [MIRROR], { beside: [{ path: '/shadow', to: [shadow.address], cluster }] });
    // The upstream gives no further window.
    const body = 'x'.repeat(30_000);
    const plain = await entry.proxy.connect();
    await plain.send(post(body));
    assert.equal((await plain.response()).status, 200);
    const client = await entry.http2();
    const got = await client.exchange(requestFields('POST', '/guarded'), body);
    assert.equal(got.status, 200);
    for (const index of [0, 1]) {
      await eventually(`copy ${index}`, () => shadow.requests[index]?.complete === true);
      assert.equal(shadow.requests[index]?.body.length, body.length);
    }
  });

  it('does not hold the client up while it hangs, and nothing of it stays', async t => {
    const clock = new FakeClock();
    const { entry, shadow } = await mirrored(t, () => undefined, [MIRROR], { clock });
    const client = await entry.proxy.connect();
    for (let count = 0; count < 20; count += 1) {
      await client.send(post('hello'));
      assert.equal((await client.response()).status, 200);
    }
    await shadow.request(19);
    clock.advance(10_100);
    await settled({ entry });
    assert.equal(entry.proxy.counters.subrequests('mirror', 'timed_out'), 20);
    await client.send(post('hello'));
    assert.equal((await client.response()).status, 200);
    await eventually('the circuit is open', () => entry.proxy.counters.subrequests('mirror', 'circuit_open') === 1);
    const lines = await entry.proxy.logged(21);
    assert.deepEqual([lines.length, entry.proxy.notices.length], [21, 0]);
    assert.ok(lines.every(({ status }) => status === 200));
  });

  it('may be dead, reset, or speak no HTTP', async t => {
    const { entry, shadow } = await mirrored(t, ({ connection }) => connection.reset());
    shadow.toleratesMalformed = true;
    assert.equal((await entry.get()).status, 200);
    shadow.handler = ({ connection }) => connection.send('220 smtp.test ESMTP\r\n');
    assert.equal((await entry.get()).status, 200);
    const dead = await policyScene(t, [MIRROR], { beside: [{ path: '/shadow', to: [] }] });
    assert.equal((await dead.get()).status, 200);
    const unknown = await policyScene(t, [{ kind: 'mirror', cluster: 'no such', percent: 100 }]);
    const client = await unknown.proxy.connect();
    await client.send(post('hello'));
    assert.equal((await client.response()).status, 200);
    for (const { proxy } of [entry, dead, unknown]) assert.equal(proxy.notices.length, 0);
    await settled({ entry });
  });

  const ENDLESS: readonly (readonly [what: string, head: string, piece: string])[] = [
    ['a gigabyte', `HTTP/1.1 200 OK\r\nContent-Length: ${2 ** 30}\r\n\r\n`, 'x'.repeat(65_536)],
    [
      'chunks without end',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      `10000\r\n${'x'.repeat(65_536)}\r\n`,
    ],
    ['a body that only its connection ends', 'HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(65_536)],
    [
      'a gigabyte that says it is compressed',
      `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: ${2 ** 30}\r\n\r\n`,
      '\0'.repeat(65_536),
    ],
    ['header lines without end', 'HTTP/1.1 200 OK\r\n', `X-Line: ${'x'.repeat(4_000)}\r\n`.repeat(16)],
    ['interim responses without end', '', 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n'.repeat(1_000)],
  ];
  for (const [what, head, piece] of ENDLESS) {
    it(`may answer with ${what}: its connection ends, and nothing of it reaches client, log or memory`, async t => {
      let sent = 0;
      const compress: Policy = { kind: 'compress', codings: ['gzip'] };
      const clock = new FakeClock();
      const { entry, shadow } = await mirrored(
        t,
        async ({ connection }) => {
          await connection.send(head);
          for (; connection.end === undefined && sent < 2 ** 30; sent += piece.length) await connection.send(piece);
        },
        [compress, MIRROR],
        { clock, respond: answering(answer('y'.repeat(2_000), 'Content-Type: text/html\r\n')) },
      );
      shadow.toleratesMalformed = true;
      const client = await entry.proxy.connect();
      for (let count = 0; count < 3; count += 1) {
        await client.send('GET /guarded HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n');
        const response = await client.response();
        assert.deepEqual([response.status, header(response, 'content-encoding')], [200, ['gzip']]);
        assert.equal(gunzipSync(Buffer.from(response.body, 'latin1')).toString(), 'y'.repeat(2_000));
      }
      // An answer that has not ended is not waited for any longer.
      clock.advance(10_100);
      for (const index of [0, 1, 2]) await (await shadow.connection(index)).closed();
      assert.ok(sent < 2 ** 28, `${sent}`);
      await settled({ entry });
      const lines = await entry.proxy.logged(3);
      assert.deepEqual(
        lines.map(({ status, reason }) => [status, reason]),
        Array.from({ length: 3 }, () => [200, '-']),
      );
      assert.deepEqual([entry.proxy.notices.length, entry.proxy.keptBytes], [0, 0]);
    });
  }

  it('answers of HTTP/2 without end are given up, and other copies on the connection come through', async t => {
    const shadow = await RawHttp2Upstream.start(t, async request => {
      await request.whole();
      request.head(200, []);
      if (!request.fields.some(([name]) => name === 'x-greedy')) request.data('ok', true);
      else for (let count = 0; count < 200; count += 1) request.data('x'.repeat(16_384), false);
    });
    const beside = [{ path: '/shadow', to: [shadow.address], cluster: { protocol: 'h2c' } as const }];
    const entry = await policyScene(t, [MIRROR], { beside });
    assert.equal((await entry.get('X-Greedy: 1\r\n')).status, 200);
    assert.equal((await entry.get()).status, 200);
    await eventually('both are over', () => entry.proxy.counters.subrequests('mirror', 'answered') === 2);
    await eventually('both are there', () => shadow.requests.length === 2);
    await settled({ entry });
    assert.equal(entry.proxy.notices.length, 0);
  });

  it('may read slowly: the upstream gets the body as fast as it takes it, and the copy is given up', async t => {
    const { entry, shadow } = await mirrored(t, ({ connection }) => connection.pause());
    // Far more than the kernel takes.
    const body = 'x'.repeat(24 * MOST_WAITING_BYTES);
    const client = await entry.proxy.connect();
    await client.send(post(body));
    assert.equal((await client.response()).status, 200);
    assert.equal(entry.upstream.only.body.length, body.length);
    assert.equal(entry.proxy.counters.subrequests('mirror', 'failed'), 1);
    await settled({ entry });
    assert.equal(shadow.requests.length, 1);
    assert.equal(entry.proxy.notices.length, 0);
  });

  it('ends with a client that leaves in the middle of its body', async t => {
    const { entry, shadow } = await mirrored(t);
    const client = await entry.proxy.connect();
    await client.send('POST /guarded HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhello');
    const copy = await shadow.request(0);
    await copy.bodyBytes(5);
    client.destroy();
    await copy.connection.closed();
    await settled({ entry });
  });

  it('waits for no 100, and copies no request for another protocol', async t => {
    const { entry, shadow } = await mirrored(t);
    const client = await entry.proxy.connect();
    await client.send(post('hello', 'Expect: 100-continue\r\n'));
    assert.equal((await client.response()).status, 200);
    assert.equal((await (await shadow.request(0)).whole()).header('expect'), undefined);
    await entry.get('Connection: Upgrade\r\nUpgrade: websocket\r\n');
    await entry.get();
    await shadow.request(1);
    assert.equal(entry.upstream.requests.length, 3);
    assert.equal(shadow.requests.length, 2);
  });

  it('copies as many of a hundred requests as it says', () => {
    let next = 0;
    const mirror = new Mirror({ kind: 'mirror', cluster: BESIDE, percent: 12.5 }, new CopyMemory(), () => next);
    let copies = 0;
    const copy = (): void => {
      copies += 1;
    };
    const exchange = { copy } as unknown as FilteredExchange;
    for (let index = 0; index < 1_000; index += 1) {
      next = index / 1_000;
      mirror.request(exchange);
    }
    assert.equal(copies, 125);
  });

  it('of a fraction of a percent, sends a copy where chance says so, and no other', async t => {
    const drawn = [0.0049, 0.0051, 0.9, 0];
    const random = (): number => drawn.shift() ?? 1;
    const half: Policy = { kind: 'mirror', cluster: BESIDE, percent: 0.5 };
    const { entry, shadow } = await mirrored(t, answering(), [half], { filters: { random } });
    for (const target of ['/guarded/a', '/guarded/b', '/guarded/c', '/guarded/d', '/guarded/e']) {
      assert.equal((await entry.get('', target)).status, 200);
    }
    await shadow.request(1);
    await settled({ entry });
    assert.deepEqual(
      shadow.requests.map(({ target }) => target),
      ['/a', '/d'],
    );
  });

  it('to another path and host, without the body', async t => {
    const target = ['/shadow', { variable: 'request_uri' }];
    const policy: Policy = {
      kind: 'mirror',
      cluster: BESIDE,
      percent: 100,
      target,
      host: 'shadow.example',
      dropsBody: true,
    };
    const { entry, shadow } = await mirrored(t, answering(), [policy]);
    const client = await entry.proxy.connect();
    await client.send(post('hello'));
    assert.equal((await client.response()).status, 200);
    const copy = await (await shadow.request(0)).whole();
    assert.deepEqual([copy.target, copy.header('host'), copy.body], ['/shadow/guarded/a?b=c', 'shadow.example', '']);
    assert.equal(copy.header('content-length'), undefined);
    assert.equal((await (await entry.upstream.request(0)).whole()).body, 'hello');
  });
});
