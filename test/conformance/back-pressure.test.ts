/** Contract section 4: bodies are bounded by back-pressure, never by memory. */
import assert from 'node:assert/strict';
import { still } from '../support/eventually.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const BLOCK = Buffer.alloc(1 << 20, 'x');
const TOTAL = 128 * BLOCK.length;
/** The kernel's buffers of two loopback connections grow to some ten megabytes; what goes beyond is in this process. */
const BOUND = 48 * BLOCK.length;

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
const SWITCHING = `HTTP/1.1 101 Switching Protocols\r\n${UPGRADE}\r\n`;

/** Gives all blocks as fast as the peer takes them, and tells how many bytes went. */
class Pump {
  sent = 0;
  #ended = false;

  async run(send: (block: Buffer) => Promise<void>): Promise<void> {
    while (this.sent < TOTAL && !this.#ended) {
      await send(BLOCK);
      this.sent += BLOCK.length;
    }
  }

  end(): void {
    this.#ended = true;
  }

  /** Waits until no more goes. */
  stalled(): Promise<number> {
    return still('the pump stands still', () => this.sent);
  }
}

conformance('back-pressure', ({ engine, test }) => {
  for (const [what, head] of [
    ['a response', `HTTP/1.1 200 OK\r\nContent-Length: ${TOTAL}\r\n\r\n`],
    ['a response that ends with its connection', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'],
    ['a tunnel', SWITCHING],
  ] as const) {
    test(`${what} waits for a client that does not read`, async t => {
      const pump = new Pump();
      const upstream = await RawUpstream.start(t, async request => {
        if (what === 'a tunnel') request.connection.tunnel();
        await request.connection.send(head);
        await pump.run(block => request.connection.send(block));
      });
      t.after(() => pump.end());
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const client = await proxy.connect();
      const upgrade = what === 'a tunnel' ? UPGRADE : '';
      await client.send(`GET /volume HTTP/1.1\r\nHost: test\r\n${upgrade}\r\n`);
      await client.head();
      client.pause();
      const stalledAt = await pump.stalled();
      assert.ok(stalledAt < BOUND, `${stalledAt} bytes went to a client that does not read`);
      client.resume();
      await client.bytes(4 * BLOCK.length);
      client.reset();
      await upstream.only.connection.closed();
    });
  }

  for (const what of ['a request body', 'a tunnel'] as const) {
    test(`${what} waits for an upstream that does not read`, async t => {
      const pump = new Pump();
      const upstream = await RawUpstream.start(t, async request => {
        if (what === 'a tunnel') {
          request.connection.tunnel();
          await request.connection.send(SWITCHING);
        }
        request.connection.pause();
      });
      t.after(() => pump.end());
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const client = await proxy.connect();
      if (what === 'a tunnel') {
        await client.send(`GET /volume HTTP/1.1\r\nHost: test\r\n${UPGRADE}\r\n`);
        assert.equal((await client.head()).status, 101);
      } else {
        await client.send(`PUT /volume HTTP/1.1\r\nHost: test\r\nContent-Length: ${TOTAL}\r\n\r\n`);
      }
      const request = await upstream.request(0);
      const pumping = pump.run(block => client.send(block));
      const stalledAt = await pump.stalled();
      assert.ok(stalledAt < BOUND, `${stalledAt} bytes went to an upstream that does not read`);
      request.connection.resume();
      if (what === 'a tunnel') await request.connection.tunnelBytes(4 * BLOCK.length);
      else await request.bodyBytes(4 * BLOCK.length);
      pump.end();
      client.reset();
      await pumping;
      await request.connection.closed();
    });
  }

  test('pipelined requests of a client that does not read are not all answered into memory', async t => {
    const body = Buffer.alloc(BLOCK.length, 'y');
    const upstream = await RawUpstream.start(t, request =>
      request.connection.send(
        Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body]),
      ),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    client.pause();
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(TOTAL / body.length));
    const forwarded = await still('no request is forwarded any more', () => upstream.requests.length);
    assert.ok(forwarded * body.length < BOUND, `${forwarded} requests were forwarded`);
  });
});
