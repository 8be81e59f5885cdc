import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FAILURES_TO_OPEN, TRIAL_MS } from '../../../src/dataplane/pipeline/subrequests/circuit.ts';
import { MOST_UNREAD_BYTES } from '../../../src/dataplane/pipeline/subrequests/subrequest.ts';
import { MOST_UNDER_WAY } from '../../../src/dataplane/pipeline/subrequests/subrequests.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { startOwnRequests } from '../../support/own-requests.ts';
import { answeringHttp2, RawHttp2Upstream } from '../../support/raw-http2-upstream.ts';
import { answer, answering, NOBODY, RawUpstream } from '../../support/raw-upstream.ts';
import { startSilentListener } from '../../support/silent-listener.ts';

const silent = (): void => undefined;

describe('a request of our own', { concurrency: 8 }, () => {
  it('is sent as it was asked, and its answer is read', async t => {
    const upstream = await RawUpstream.start(
      t,
      answering(answer('no', 'X-A: 1\r\nConnection: x\r\nX: y\r\n', '403 No')),
    );
    const own = startOwnRequests(t, [upstream.address]);
    const got = await own.ask();
    assert.equal(upstream.only.raw, 'GET /check HTTP/1.1\r\nHost: auth.test\r\nX-Asked: yes\r\n\r\n');
    assert.deepEqual(got, { status: 403, lines: 'X-A: 1\r\nContent-Length: 2\r\n', body: 'no' });
    assert.equal(own.counters.subrequests('auth-url', 'answered'), 1);
  });

  it('keeps its connection for the next one, also where the body is not looked at', async t => {
    const upstream = await RawUpstream.start(t, answering(answer('x'.repeat(20_000))));
    const own = startOwnRequests(t, [upstream.address]);
    for (let count = 0; count < 3; count += 1) {
      const got = await own.ask({ mostBodyBytes: 0 });
      assert.equal(typeof got === 'object' && got.status, 200);
      await eventually('the connection is idle', () => own.counters.get('upstreamIdle') === 1);
    }
    assert.equal(upstream.connections.length, 1);
  });

  it('ends its connection where more body would have to be read than a new connection costs', async t => {
    const endless = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const upstream = await RawUpstream.start(t, async ({ connection }) => {
      await connection.send(endless);
      const chunk = `${(8192).toString(16)}\r\n${'x'.repeat(8192)}\r\n`;
      while (connection.end === undefined) await connection.send(chunk);
    });
    const own = startOwnRequests(t, [upstream.address]);
    const got = await own.ask({ mostBodyBytes: 0 });
    assert.equal(typeof got === 'object' && got.status, 200);
    const connection = await upstream.connection(0);
    await connection.closed();
    assert.equal(own.connections, 0);
    upstream.handler = answering(answer('x'.repeat(MOST_UNREAD_BYTES + 1)));
    await own.ask({ mostBodyBytes: 0 });
    await eventually('no connection', () => own.connections === 0);
  });

  it('fails where the body is longer than it may be, whether its length was declared or not', async t => {
    const upstream = await RawUpstream.start(t, answering(answer('0123456789')));
    const own = startOwnRequests(t, [upstream.address]);
    assert.match(String(await own.ask({ mostBodyBytes: 9 })), /^failed: .*more than 9 bytes/);
    upstream.handler = answering(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n',
    );
    assert.match(String(await own.ask({ mostBodyBytes: 9 })), /^failed: .*more than 9 bytes/);
    const got = await own.ask({ mostBodyBytes: 10 });
    assert.equal(typeof got === 'object' && got.body, '0123456789');
    assert.equal(own.counters.get('upstreamBusy'), 0);
  });

  it('has one time limit for all of it: an upstream that says nothing, or goes on for ever', async t => {
    const clock = new FakeClock();
    const upstream = await RawUpstream.start(t, silent);
    const own = startOwnRequests(t, [upstream.address], { clock });
    const first = own.ask({ timeoutMs: 2_000 });
    await upstream.request(0);
    clock.advance(2_100);
    assert.match((await first) as string, /^timed_out: no answer within 2 s/);
    upstream.handler = request => request.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1');
    const second = own.ask({ timeoutMs: 2_000 });
    await upstream.request(1);
    clock.advance(2_100);
    assert.match((await second) as string, /^timed_out/);
    assert.equal(own.counters.subrequests('auth-url', 'timed_out'), 2);
    assert.equal(own.counters.subrequestMilliseconds('auth-url') >= 4_000, true);
    await eventually('no connection', () => own.connections === 0);
  });

  it('has the time limit while it connects, too', async t => {
    const clock = new FakeClock();
    const own = startOwnRequests(t, [await startSilentListener(t)], { clock });
    const outcome = own.ask({ timeoutMs: 3_000 });
    clock.advance(3_200);
    assert.match((await outcome) as string, /^(timed_out|failed: upstream_connect_timeout)/);
  });

  it('is sent again where a kept connection was closed, and where an endpoint takes no connection', async t => {
    const upstream = await RawUpstream.start(t);
    const own = startOwnRequests(t, [upstream.address]);
    await own.ask();
    upstream.handler = async request => {
      if (upstream.requests.length === 2) request.connection.reset();
      else await request.connection.send(answer());
    };
    const again = await own.ask();
    assert.equal(typeof again === 'object' && again.status, 200);
    assert.equal(upstream.requests.length, 3);
    const balanced = startOwnRequests(t, [NOBODY, upstream.address], {
      cluster: { balance: { policy: 'round-robin' } },
    });
    for (let count = 0; count < 4; count += 1) {
      const got = await balanced.ask();
      assert.equal(typeof got === 'object' && got.status, 200);
    }
  });

  it('is not sent again where its connection was new', async t => {
    const upstream = await RawUpstream.start(t, ({ connection }) => connection.reset());
    const own = startOwnRequests(t, [upstream.address]);
    assert.match(String(await own.ask()), /^failed: upstream_reset: ECONNRESET/);
    assert.equal(upstream.requests.length, 1);
  });

  it('fails for an answer that is no HTTP, or switches protocols', async t => {
    const upstream = await RawUpstream.start(t, ({ connection }) => connection.send('SSH-2.0-OpenSSH\r\n\r\n'));
    const own = startOwnRequests(t, [upstream.address]);
    assert.match(String(await own.ask()), /^failed: response_status_line_malformed/);
    upstream.handler = ({ connection }) =>
      connection.send('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
    assert.match(String(await own.ask()), /^failed: response_unasked_switch/);
    assert.equal(own.counters.get('upstreamBusy'), 0);
  });

  it('can be cancelled: its connection ends, and nothing is told', async t => {
    const upstream = await RawUpstream.start(t, silent);
    const own = startOwnRequests(t, [upstream.address]);
    const { asked, outcome } = own.begin();
    const { connection } = await upstream.request(0);
    asked?.cancel();
    await connection.closed();
    outcome.then(() => assert.fail('it was told'));
    const early = own.begin();
    early.asked?.cancel();
    await eventually('the connection that was being made is kept', () => own.counters.get('upstreamIdle') === 1);
    assert.equal(own.counters.subrequests('auth-url', 'failed'), 0);
  });

  it('goes over HTTP/2 where the cluster does, many on one connection', async t => {
    const upstream = await RawHttp2Upstream.start(t, answeringHttp2('yes', [['x-a', '1']]));
    const own = startOwnRequests(t, [upstream.address], { cluster: { protocol: 'h2c' } });
    const all = await Promise.all(Array.from({ length: 20 }, () => own.ask()));
    for (const got of all) assert.equal(typeof got === 'object' && got.body, 'yes');
    assert.equal(upstream.connections.length, 1);
    upstream.handler = request => {
      request.head(200, []);
      request.data('x'.repeat(10_000), false);
    };
    const got = await own.ask({ mostBodyBytes: 0 });
    assert.equal(typeof got === 'object' && got.status, 200);
  });
});

describe('the circuit of a cluster', { concurrency: 8 }, () => {
  it('opens after failures in a row, is tried once a second, and closes with an answer', async t => {
    const clock = new FakeClock();
    const upstream = await RawUpstream.start(t, ({ connection }) => connection.reset());
    const own = startOwnRequests(t, [upstream.address], { clock });
    for (let count = 0; count < FAILURES_TO_OPEN; count += 1) assert.match(String(await own.ask()), /^failed/);
    for (let count = 0; count < 3; count += 1) assert.match(String(await own.ask()), /^circuit_open: 5 requests/);
    assert.equal(upstream.requests.length, FAILURES_TO_OPEN);
    clock.advance(TRIAL_MS);
    const trial = own.ask();
    assert.match(String(await own.ask()), /^circuit_open/);
    assert.match(String(await trial), /^failed/);
    upstream.handler = answering(answer('', '', '500 Sorry'));
    clock.advance(TRIAL_MS);
    const answered = await own.ask();
    assert.equal(typeof answered === 'object' && answered.status, 500);
    const [one, other] = await Promise.all([own.ask(), own.ask()]);
    assert.deepEqual([typeof one, typeof other], ['object', 'object']);
    assert.equal(own.counters.subrequests('auth-url', 'circuit_open'), 4);
  });

  it('does not open for failures between which answers came', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      if (upstream.requests.length % FAILURES_TO_OPEN === 0) await request.connection.send(answer());
      else request.connection.reset();
    });
    const own = startOwnRequests(t, [upstream.address]);
    for (let count = 0; count < 3 * FAILURES_TO_OPEN; count += 1) {
      assert.doesNotMatch(String(await own.ask()), /^circuit_open/);
    }
  });

  it('lets no more requests be under way than it may', async t => {
    const upstream = await RawHttp2Upstream.start(t, silent);
    const own = startOwnRequests(t, [upstream.address], { cluster: { protocol: 'h2c' } });
    const begun = Array.from({ length: MOST_UNDER_WAY }, () => own.begin());
    assert.match(String(await own.ask()), /^busy/);
    for (const { asked } of begun) asked?.cancel();
    upstream.handler = answeringHttp2();
    await eventually('room again', async () => typeof (await own.ask()) === 'object');
  });
});
