/** Contract section 7: a time limit belongs to the side that has to move: the one that sends, or the one that takes. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import type { RawClient } from '../support/raw-client.ts';
import { answer, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

/** A limit that passes while somebody else is waited for. */
const PASSED_MS = 500;
/** A limit that is renewed with each byte of a slow body, which takes longer than it in all. */
const RENEWED_MS = 1_400;
const BYTE_MS = 200;
const BODY = 'slowbody';
/** Only a failing test reaches it. */
const NEVER_MS = 60_000;
/** More than the kernel keeps for a peer that does not read. */
const FLOOD_BYTES = 32 << 20;

const PUT = `PUT /volume HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: ${BODY.length}\r\n`;
const EXPECTING_PUT = `${PUT}Expect: 100-continue\r\n\r\n`;

async function sendSlowly(client: RawClient): Promise<void> {
  for (const byte of BODY) {
    await delay(BYTE_MS);
    await client.send(byte);
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
      const proxy = await startProxy(t, engine, {
        routes: [{ path: '/volume', to: upstream }],
        settings: { proxyReadTimeout: PASSED_MS },
      });
      const client = await proxy.connect();
      await client.send(EXPECTING_PUT);
      assert.equal((await client.head()).status, Number(what));
      await sendSlowly(client);
      assert.equal((await client.response()).status, 200);
    });
  }

  test('proxy-read-timeout does not run while the client still sends its body, after an answer began, either', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      await request.connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n');
      await request.whole();
      await request.connection.send('4\r\nlate\r\n0\r\n\r\n');
    });
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { proxyReadTimeout: PASSED_MS },
    });
    const client = await proxy.connect();
    await client.send(`${PUT}\r\n`);
    await upstream.request(0);
    await sendSlowly(client);
    const { status, body } = await client.response();
    assert.deepEqual([status, body], [200, 'earlylate']);
  });

  test('proxy-read-timeout begins with the last byte of the body', async t => {
    const upstream = await RawUpstream.start(t, request => request.connection.send('HTTP/1.1 100 Continue\r\n\r\n'));
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { proxyReadTimeout: PASSED_MS },
    });
    const client = await proxy.connect();
    await client.send(EXPECTING_PUT);
    assert.equal((await client.head()).status, 100);
    await sendSlowly(client);
    assert.equal((await client.response()).status, 504);
  });

  test('proxy-read-timeout: an upstream that does not say whether it wants the body is 504', async t => {
    const upstream = await RawUpstream.start(t, () => {});
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { proxyReadTimeout: RENEWED_MS, clientBodyTimeout: PASSED_MS },
    });
    const client = await proxy.connect();
    await client.send(EXPECTING_PUT);
    assert.equal((await client.response()).status, 504);
  });

  test('client-body-timeout begins when the upstream has said that it wants the body', async t => {
    const upstream = await RawUpstream.start(t, request => request.connection.send('HTTP/1.1 100 Continue\r\n\r\n'));
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { clientBodyTimeout: PASSED_MS },
    });
    const client = await proxy.connect();
    await client.send(EXPECTING_PUT);
    assert.equal((await client.response()).status, 408);
  });

  test('client-body-timeout: a client that waits for the rest of an early answer gets it', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      await request.connection.send(`HTTP/1.1 413 Too Large\r\nContent-Length: ${BODY.length}\r\n\r\n`);
      for (const byte of BODY) {
        await delay(BYTE_MS);
        await request.connection.send(byte);
      }
    });
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { clientBodyTimeout: RENEWED_MS },
    });
    const client = await proxy.connect();
    await client.send(`${PUT}\r\n${BODY.slice(1)}`);
    const { status, body } = await client.response();
    assert.deepEqual([status, body], [413, BODY]);
  });

  test('client-body-timeout holds again once a client has read what it had left unread', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      await request.connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${FLOOD_BYTES + 1}\r\n\r\n`);
      await request.connection.send(Buffer.alloc(FLOOD_BYTES));
    });
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { clientBodyTimeout: 3 * RENEWED_MS, sendTimeout: NEVER_MS, proxyReadTimeout: NEVER_MS },
    });
    const client = await proxy.connect();
    client.pause();
    await client.send(`${PUT}\r\n`);
    await upstream.request(0);
    await delay(BYTE_MS);
    client.resume();
    await client.closed();
    assert.ok(client.receivedBytes > FLOOD_BYTES, `${client.receivedBytes} bytes`);
  });

  test('send-timeout: a client that sends its body, and reads no answer meanwhile, is given time', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      await request.connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${FLOOD_BYTES}\r\n\r\n`);
      await request.connection.send(Buffer.alloc(FLOOD_BYTES));
    });
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { sendTimeout: RENEWED_MS },
    });
    const client = await proxy.connect();
    client.pause();
    await client.send(`${PUT}\r\n`);
    await upstream.request(0);
    await sendSlowly(client);
    client.resume();
    await client.closed();
    assert.ok(client.receivedBytes > FLOOD_BYTES, `cut after ${client.receivedBytes} bytes`);
  });

  test('proxy-send-timeout does not run against an upstream whose answer the client does not read', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      request.connection.pause();
      await request.connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${FLOOD_BYTES + 1}\r\n\r\n`);
      await request.connection.send(Buffer.alloc(FLOOD_BYTES));
      request.connection.resume();
      await request.whole();
      await request.connection.send('.');
    });
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { proxySendTimeout: PASSED_MS },
    });
    const client = await proxy.connect();
    client.pause();
    await client.send(PUT.replace(`${BODY.length}`, `${FLOOD_BYTES}`), '\r\n');
    client.push(Buffer.alloc(FLOOD_BYTES));
    await upstream.request(0);
    await delay(3 * PASSED_MS);
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
