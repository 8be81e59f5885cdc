/** Contract section 7: a time limit belongs to the side that has to move: the one that sends, or the one that takes. */
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { FLOOD_BYTES, Flood } from '../support/flood.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import type { RawClient } from '../support/raw-client.ts';
import { answer, RawUpstream, type UpstreamRequest } from '../support/raw-upstream.ts';
import { startTimedProxy } from '../support/timed-proxy.ts';
import { conformance } from './suite.ts';

/** The limit that a test is about. */
const LIMIT_MS = 4_000;
/** Two of them are longer than the limit, one is not. */
const PAUSE_MS = 3_000;
const PASSED_MS = 2 * LIMIT_MS;
const BODY = 'slowbody';
/** Only a failing test reaches it. */
const NEVER_MS = 3_600_000;

const PUT = `PUT /volume HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: ${BODY.length}\r\n`;
const EXPECTING_PUT = `${PUT}Expect: 100-continue\r\n\r\n`;

/** Sends a body whose bytes are less than the limit apart, and together take longer. */
async function sendSlowly(clock: FakeClock, client: RawClient, request: UpstreamRequest): Promise<void> {
  for (const [index, byte] of [...BODY].entries()) {
    await clock.pass(PAUSE_MS);
    await client.send(byte);
    await request.bodyBytes(index + 1);
  }
}

conformance('turns', ({ engine, test }) => {
  for (const [what, interim] of [
    ['100', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['102', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103', 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n'],
  ] as const) {
    test(`proxy-read-timeout does not run while the client still sends its body, after a ${what}, either`, async t => {
      const upstream = await RawUpstream.start(t, async request => {
        await request.connection.send(interim);
        await request.whole();
        await request.connection.send(answer());
      });
      const { proxy, clock } = await startTimedProxy(t, engine, { proxyReadTimeout: LIMIT_MS }, upstream);
      const client = await proxy.connect();
      await client.send(EXPECTING_PUT);
      assert.equal((await client.head()).status, Number(what));
      await sendSlowly(clock, client, upstream.only);
      assert.equal((await client.response()).status, 200);
    });
  }

  test('proxy-read-timeout does not run while the client still sends its body, after an answer began, either', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      await request.connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n');
      await request.whole();
      await request.connection.send('4\r\nlate\r\n0\r\n\r\n');
    });
    const { proxy, clock } = await startTimedProxy(t, engine, { proxyReadTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    await client.send(`${PUT}\r\n`);
    await sendSlowly(clock, client, await upstream.request(0));
    const { status, body } = await client.response();
    assert.deepEqual([status, body], [200, 'earlylate']);
  });

  test('proxy-read-timeout begins with the last byte of the body', async t => {
    const upstream = await RawUpstream.start(t, request => request.connection.send('HTTP/1.1 100 Continue\r\n\r\n'));
    const { proxy, clock } = await startTimedProxy(t, engine, { proxyReadTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    await client.send(EXPECTING_PUT);
    assert.equal((await client.head()).status, 100);
    await sendSlowly(clock, client, upstream.only);
    await clock.pass(PAUSE_MS);
    assert.equal(client.unread, '');
    await clock.pass(PAUSE_MS);
    assert.equal((await client.response()).status, 504);
  });

  test('proxy-read-timeout: an upstream that does not say whether it wants the body is 504', async t => {
    const upstream = await RawUpstream.start(t, () => {});
    const { proxy, clock } = await startTimedProxy(
      t,
      engine,
      { proxyReadTimeout: LIMIT_MS, clientBodyTimeout: LIMIT_MS / 2 },
      upstream,
    );
    const client = await proxy.connect();
    await client.send(EXPECTING_PUT);
    await upstream.request(0);
    await clock.pass(PASSED_MS);
    assert.equal((await client.response()).status, 504);
  });

  test('client-body-timeout begins when the upstream has said that it wants the body', async t => {
    const upstream = await RawUpstream.start(t, () => {});
    const { proxy, clock } = await startTimedProxy(t, engine, { clientBodyTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    await client.send(EXPECTING_PUT);
    const request = await upstream.request(0);
    await clock.pass(PAUSE_MS);
    await request.connection.send('HTTP/1.1 100 Continue\r\n\r\n');
    assert.equal((await client.head()).status, 100);
    await clock.pass(PASSED_MS);
    assert.equal((await client.response()).status, 408);
  });

  test('client-body-timeout: a client that waits for the rest of an early answer gets it', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      await request.connection.send(`HTTP/1.1 413 Too Large\r\nContent-Length: ${BODY.length}\r\n\r\n`);
    });
    const { proxy, clock } = await startTimedProxy(t, engine, { clientBodyTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    await client.send(`${PUT}\r\n${BODY.slice(1)}`);
    assert.equal((await client.head()).status, 413);
    for (const byte of BODY) {
      await clock.pass(PAUSE_MS);
      await upstream.only.connection.send(byte);
      assert.equal(await client.bytes(1), byte);
    }
  });

  test('client-body-timeout holds again once a client has read what it had left unread', async t => {
    const flood = new Flood();
    const upstream = await RawUpstream.start(t, request => flood.answer(request, 1));
    const { proxy, clock } = await startTimedProxy(
      t,
      engine,
      { clientBodyTimeout: LIMIT_MS, sendTimeout: NEVER_MS, proxyReadTimeout: NEVER_MS },
      upstream,
    );
    const client = await proxy.connect();
    client.pause();
    await client.send(`${PUT}\r\n`);
    await flood.heldBack();
    client.resume();
    await client.head();
    await client.bytes(FLOOD_BYTES);
    await clock.pass(PASSED_MS);
    await client.closed();
  });

  test('send-timeout: a client that sends its body, and reads no answer meanwhile, is given time', async t => {
    const flood = new Flood();
    const upstream = await RawUpstream.start(t, request => flood.answer(request));
    const { proxy, clock } = await startTimedProxy(t, engine, { sendTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    client.pause();
    await client.send(`${PUT}\r\n`);
    await flood.heldBack();
    await sendSlowly(clock, client, upstream.only);
    client.resume();
    await client.closed();
    assert.ok(client.receivedBytes > FLOOD_BYTES, `cut after ${client.receivedBytes} bytes`);
  });

  test('proxy-send-timeout does not run against an upstream whose answer the client does not read', async t => {
    const flood = new Flood();
    const upstream = await RawUpstream.start(t, async request => {
      request.connection.pause();
      await flood.answer(request, 1);
      request.connection.resume();
      await request.whole();
      await request.connection.send('.');
    });
    const { proxy, clock } = await startTimedProxy(t, engine, { proxySendTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    client.pause();
    await client.send(PUT.replace(`${BODY.length}`, `${FLOOD_BYTES}`), '\r\n');
    client.push(Buffer.alloc(FLOOD_BYTES));
    await flood.heldBack();
    await clock.pass(PASSED_MS);
    client.resume();
    await client.closed();
    assert.ok(client.receivedBytes > FLOOD_BYTES, `cut after ${client.receivedBytes} bytes`);
  });

  test('a request whose upstream sends interim responses without end is ended', async t => {
    let isOver = false;
    const upstream = await RawUpstream.start(t, async request => {
      while (!isOver && request.connection.end === undefined) {
        await request.connection.send('HTTP/1.1 102 Processing\r\n\r\n');
      }
    });
    t.after(() => {
      isOver = true;
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
    const { status, interim } = await client.response();
    assert.equal(status, 502);
    assert.ok(interim.length <= 100, `${interim.length} interim responses`);
    await eventually('the upstream to be let go', () => upstream.only.connection.end !== undefined);
  });
});
