/** Every reason of the table, provoked on real sockets: the word, the status, the counter and the example. */
import assert from 'node:assert/strict';
import { after, describe, it, type TestContext } from 'node:test';
import { connectFailure, FAILURE_REASONS, FAILURES, type FailureReason } from '../../src/failures/failures.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type EngineName, type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { RawHttp2Upstream } from '../support/raw-http2-upstream.ts';
import { answering, RawUpstream } from '../support/raw-upstream.ts';
import { startSilentListener } from '../support/silent-listener.ts';
import { type EventCase, LIMIT_MS } from './event-case.ts';
import { EVENT_CASES, NOT_PROVOKED } from './event-cases.ts';
import { HTTP2_RESPONSE_CASES } from './http2-response-cases.ts';
import { POLICY_CASES } from './policy-cases.ts';
import { REQUEST_CASES, SECRET } from './request-cases.ts';
import { RESPONSE_CASES } from './response-cases.ts';

const ENGINES: readonly EngineName[] = ['wire', 'node'];

interface Expected {
  readonly reason: FailureReason;
  readonly status: number;
  readonly detail: RegExp;
}

for (const engine of ENGINES) {
  describe(`${engine}: reasons`, { concurrency: 8, timeout: 600_000 }, () => {
    for (const { what, bytes, status, detail, reason, onNode, settings } of REQUEST_CASES) {
      it(`${what} is ${reason}`, async t => {
        const upstream = await RawUpstream.start(t);
        const routes = [{ path: '/volume', to: upstream }];
        const proxy = await startProxy(t, engine, settings === undefined ? { routes } : { routes, settings });
        const client = await proxy.connect();
        await client.send(bytes);
        assert.equal((await client.response()).status, status);
        await assertFailed(proxy, { reason: nameOn(engine, reason, onNode), status, detail: detailOn(engine, detail) });
      });
    }

    for (const { what, bytes, status, detail, reason, onNode, notOnNode } of RESPONSE_CASES) {
      it(`${what} from the upstream is ${reason}`, { skip: engine === 'node' && notOnNode }, async t => {
        const upstream = await RawUpstream.start(t, answering(bytes));
        const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
        const client = await proxy.connect();
        await client.send(`GET /volume/x?${SECRET} HTTP/1.1\r\nHost: test\r\nCookie: ${SECRET}\r\n\r\n`);
        const response = await client.responseOrCut();
        assert.equal(response.status, status);
        assert.equal(response.complete, status !== 200);
        const { host, port } = upstream.address;
        const expected = { reason: nameOn(engine, reason, onNode), status, detail: detailOn(engine, detail) };
        const failure = await assertFailed(proxy, expected);
        assert.equal(failure.upstream, `${host}:${port}`);
        assert.equal(failure.service, 'test/service-0');
        assert.equal(failure.path, '/volume/x');
      });
    }

    for (const event of EVENT_CASES) {
      it(`${event.what}: ${event.reason}`, { skip: engine === 'node' && event.notOnNode }, t => play(t, engine, event));
    }
  });
}

async function play(t: TestContext, engine: EngineName, event: EventCase): Promise<void> {
  const upstream = await RawUpstream.start(t, event.upstream);
  upstream.toleratesMalformed = true;
  const clock = Object.values({ ...event.settings, ...event.gateway }).includes(LIMIT_MS) ? new FakeClock() : undefined;
  const to = event.to === 'silence' ? [await startSilentListener(t)] : (event.to ?? upstream);
  const proxy = await startProxy(t, engine, {
    routes:
      event.to === null
        ? null
        : [
            {
              path: '/volume',
              to,
              ...(event.cluster && { cluster: event.cluster }),
              ...(event.gateway && { gateway: event.gateway }),
            },
          ],
    settings: event.settings ?? {},
    clientBytes: event.clientBytes ?? 1 << 30,
    ...(event.tls && { tls: event.tls }),
    ...(clock && { clock }),
  });
  const pass = async (): Promise<void> => clock?.pass(2 * LIMIT_MS);
  await event.provoke({ proxy, client: await proxy.connect(), upstream, pass });
  await assertFailed(proxy, { ...event, detail: detailOn(engine, event.detail) });
}

describe('wire: reasons of upstreams that speak HTTP/2', { concurrency: 8, timeout: 600_000 }, () => {
  for (const { what, send, reason, status, detail } of HTTP2_RESPONSE_CASES) {
    it(`${what} is ${reason}`, async t => {
      const upstream = await RawHttp2Upstream.start(t, send);
      const routes = [{ path: '/volume', to: upstream, cluster: { protocol: 'h2c' } }] as const;
      const proxy = await startProxy(t, 'wire', { routes });
      const client = await proxy.connect();
      await client.send(`GET /volume/x?${SECRET} HTTP/1.1\r\nHost: test\r\nCookie: ${SECRET}\r\n\r\n`);
      assert.equal((await client.responseOrCut()).status, status);
      await assertFailed(proxy, { reason, status, detail });
    });
  }

  it('an upstream that speaks HTTP/1.1 is response_not_http2', async t => {
    const upstream = await RawUpstream.start(t);
    upstream.toleratesMalformed = true;
    const routes = [{ path: '/volume', to: [upstream.address], cluster: { protocol: 'h2c' } }] as const;
    const proxy = await startProxy(t, 'wire', { routes });
    // It answers what it takes for a malformed request.
    upstream.connection(0).then(connection => connection.send('HTTP/1.1 400 Bad Request\r\n\r\n'));
    assert.equal((await proxy.get('/volume')).status, 502);
    await assertFailed(proxy, { reason: 'response_not_http2', status: 502, detail: /FRAME_SIZE_ERROR/ });
  });
});

describe('wire: reasons of policies', { concurrency: 8, timeout: 600_000 }, () => {
  for (const {
    what,
    policies,
    reason,
    status,
    detail,
    upstream: handler,
    headerLines = '',
    filters = {},
  } of POLICY_CASES) {
    it(`${what}: ${reason}`, async t => {
      const upstream = await RawUpstream.start(t, handler);
      const routes = [{ path: '/volume', to: upstream, policies }];
      const proxy = await startProxy(t, 'wire', { routes, filters });
      const client = await proxy.connect();
      const head = `GET /volume/x?${SECRET} HTTP/1.1\r\nHost: test\r\nCookie: ${SECRET}\r\n${headerLines}\r\n`;
      await client.send(head);
      assert.equal((await client.response()).status, status);
      await assertFailed(proxy, { reason, status, detail });
    });
  }
});

function nameOn(engine: EngineName, reason: FailureReason, onNode: FailureReason | undefined): FailureReason {
  return engine === 'node' && onNode !== undefined ? onNode : reason;
}

/** The engine node has an error code at most. */
function detailOn(engine: EngineName, detail: RegExp): RegExp {
  return engine === 'node' ? /^\w*$/ : detail;
}

const provoked = new Set<FailureReason>();

/** Asserts that one request failed, for this reason, and that log, counter and example agree. @returns the example */
async function assertFailed(proxy: ProxyUnderTest, { reason, status, detail }: Expected) {
  await eventually(`a failure; so far ${JSON.stringify(proxy.logLines)}`, () => proxy.logLines.length > 0);
  const [line] = await proxy.logged(1);
  assert.deepEqual({ reason: line?.reason, status: line?.status }, { reason, status });
  const counted = FAILURE_REASONS.filter(known => proxy.counters.failures(known) > 0);
  assert.deepEqual(counted, [reason]);
  assert.equal(proxy.counters.failures(reason), 1);
  const [notice] = proxy.notices;
  assert.ok(notice !== undefined);
  const { example, others } = notice;
  assert.deepEqual({ reason: example.reason, status: example.status, others }, { reason, status, others: 0 });
  assert.equal(example.requestId, line?.requestId);
  assert.match(example.detail, detail);
  assert.ok(!JSON.stringify(proxy.notices).includes(SECRET), 'a secret of the client is told');
  provoked.add(reason);
  return example;
}

describe('the table', () => {
  it('what connect and lookups say leads to a reason', () => {
    const codes: readonly [code: string, syscall: string, reason: FailureReason][] = [
      ['ECONNREFUSED', 'connect', 'upstream_refused'],
      ['EHOSTUNREACH', 'connect', 'upstream_unreachable'],
      ['ENETUNREACH', 'connect', 'upstream_unreachable'],
      ['ETIMEDOUT', 'connect', 'upstream_connect_timeout'],
      ['EMFILE', 'connect', 'out_of_sockets'],
      ['ENFILE', 'connect', 'out_of_sockets'],
      ['EADDRNOTAVAIL', 'connect', 'out_of_sockets'],
      ['ECONNREFUSED', 'queryA', 'upstream_name_unresolved'],
      ['ETIMEOUT', 'queryAaaa', 'upstream_name_unresolved'],
      ['EAI_AGAIN', 'getaddrinfo', 'upstream_name_unresolved'],
      ['ENOTFOUND', '', 'upstream_name_unresolved'],
      ['EACCES', 'connect', 'upstream_connect_failed'],
      ['', '', 'upstream_connect_failed'],
    ];
    for (const [code, syscall, reason] of codes) {
      assert.equal(connectFailure(Object.assign(new Error(code), { code, syscall })), reason, `${code} ${syscall}`);
    }
  });

  it('a status of 0 is only for what happens after the response has begun', () => {
    for (const { reason, status } of [
      ...REQUEST_CASES,
      ...RESPONSE_CASES,
      ...HTTP2_RESPONSE_CASES,
      ...POLICY_CASES,
      ...EVENT_CASES,
    ]) {
      const expected = FAILURES[reason].status;
      if (expected === 0) assert.ok(status === 200 || status === 101, reason);
      else assert.equal(status, expected, reason);
    }
  });
});

after(() => {
  const missing = FAILURE_REASONS.filter(reason => !provoked.has(reason) && NOT_PROVOKED[reason] === undefined);
  assert.deepEqual(missing, [], 'reasons that no case provokes: add one, or say in NOT_PROVOKED why not');
});
