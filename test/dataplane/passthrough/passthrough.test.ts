/** Connections whose bytes go to a cluster untouched. The ClientHello is any text here: nothing of it is read again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { AccessLog } from '../../../src/dataplane/log/access-log.ts';
import { Passthrough } from '../../../src/dataplane/passthrough/passthrough.ts';
import { FailureReporter } from '../../../src/dataplane/pipeline/failure-reporter.ts';
import { createTransportServer } from '../../../src/dataplane/transport/accept.ts';
import { EngineParts } from '../../../src/dataplane/wire/engine-parts.ts';
import type { ListenAddress } from '../../../src/formats/listen-address.ts';
import type { Settings } from '../../../src/settings/schema.ts';
import { atEnd } from '../../support/cleanup.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LogLines } from '../../support/log-lines.ts';
import { type LoggedRequest, startProxy } from '../../support/proxy-under-test.ts';
import { RawClient } from '../../support/raw-client.ts';
import { NOBODY } from '../../support/raw-upstream.ts';
import { startSilentListener } from '../../support/silent-listener.ts';

const HELLO = 'the hello, ';

/** What a pod gets and says. */
class Pod {
  readonly address: ListenAddress;
  readonly sockets: Socket[] = [];
  received = '';

  constructor(address: ListenAddress) {
    this.address = address;
  }

  get socket(): Socket {
    return this.sockets.at(-1) as Socket;
  }

  static async start(t: TestContext): Promise<Pod> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const pod = new Pod({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
    server.on('connection', socket => {
      pod.sockets.push(socket);
      socket.on('data', bytes => {
        pod.received += bytes.toString('latin1');
      });
      socket.on('error', () => undefined);
    });
    atEnd(t, () => {
      for (const socket of pod.sockets) socket.destroy();
      server.close();
    });
    return pod;
  }
}

interface Scene {
  readonly parts: EngineParts;
  readonly clock: FakeClock;
  readonly logged: () => Promise<LoggedRequest>;
  readonly connect: () => Promise<RawClient>;
}

async function scene(
  t: TestContext,
  to: readonly ListenAddress[],
  settings: Partial<Settings> = {},
  isBalanced = false,
): Promise<Scene> {
  const clock = new FakeClock();
  const cluster = isBalanced ? ({ balance: { policy: 'round-robin' } } as const) : {};
  const { state, counters } = await startProxy(t, 'wire', { routes: [{ path: '/', to, cluster }], settings, clock });
  const lines: string[] = [];
  const parts = new EngineParts({
    state,
    counters,
    accessLog: new AccessLog(new LogLines(line => lines.push(line)), state),
    clock,
    clientBytes: 1 << 30,
    failures: new FailureReporter(counters, () => undefined),
  });
  parts.wheel.start();
  const routed = state.table?.match('', '/');
  assert.ok(routed !== undefined);
  const server = createTransportServer(parts.memory, open => {
    const client = {
      peer: undefined,
      isSealed: true,
      serverName: 'a.test',
      bytes: Buffer.from(HELLO),
      cluster: routed.cluster,
    };
    const passthrough = new Passthrough(parts, open, client, over => parts.clientGone(over));
    parts.clients.add(passthrough);
    passthrough.begin();
  });
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  atEnd(t, () => {
    server.close();
    for (const client of [...parts.clients]) client.destroy();
    parts.wheel.stop();
  });
  const { port } = server.address() as { port: number };
  const connect = async (): Promise<RawClient> => {
    const client = await RawClient.connect({ host: '127.0.0.1', port });
    atEnd(t, () => client.destroy());
    return client;
  };
  const logged = async (): Promise<LoggedRequest> => {
    await eventually('a line in the log', () => lines.length > 0);
    // Both connections are gone, and nothing is kept for them.
    assert.equal(parts.clients.size, 0);
    assert.equal(parts.memory.kept, 0);
    for (const gauge of ['active', 'writing', 'reading', 'upstreamBusy'] as const)
      assert.equal(counters.get(gauge), 0, gauge);
    assert.equal(lines.length, 1);
    return JSON.parse(lines[0] as string) as LoggedRequest;
  };
  return { parts, clock, logged, connect };
}

describe('a connection that is passed through', { concurrency: true }, () => {
  it('brings the pod what had come of it first, and then each side the bytes of the other', async t => {
    const pod = await Pod.start(t);
    const { connect, logged } = await scene(t, [pod.address]);
    const client = await connect();
    await client.send('and\0what\xfffollows');
    await eventually('all of it', () => pod.received === `${HELLO}and\0what\xfffollows`);
    pod.socket.write(Buffer.from('\x16\x03\x00answer\xff', 'latin1'));
    assert.equal(await client.bytes(10), '\x16\x03\x00answer\xff');
    client.end();
    await eventually('the end at the pod', () => pod.socket.readableEnded);
    pod.socket.end();
    await client.closed();
    const { status, reason, host, service, requestLine, protocol, upstream, requestBytes, bodyBytes } = await logged();
    assert.deepEqual(
      { status, reason, host, service, requestLine, protocol, requestBytes, bodyBytes },
      {
        ...{ status: 101, reason: '-', host: 'a.test', service: 'test/service-0', requestLine: '', protocol: '' },
        ...{ requestBytes: HELLO.length + 16, bodyBytes: 10 },
      },
    );
    assert.equal(upstream, `127.0.0.1:${pod.address.port}`);
  });

  it('is not cut when one side ends while bytes are on their way', async t => {
    const pod = await Pod.start(t);
    const { connect } = await scene(t, [pod.address]);
    const client = await connect();
    client.pause();
    await eventually('the hello', () => pod.received === HELLO);
    const flood = Buffer.alloc(8 << 20, 'x');
    pod.socket.end(flood);
    client.resume();
    await client.readUpTo(flood.length);
    client.resume();
    assert.equal(await client.closed(), 'fin');
    assert.equal(client.receivedBytes, flood.length);
  });

  it('waits for a side that does not read, and keeps little of what the other sends', async t => {
    const pod = await Pod.start(t);
    const { connect, parts, logged } = await scene(t, [pod.address]);
    const client = await connect();
    await eventually('the hello', () => pod.received === HELLO);
    pod.socket.pause();
    const piece = Buffer.alloc(1 << 20, 'x');
    let sent = 0;
    while (sent < 64 && client.push(piece)) sent += 1;
    for (let count = 0; count < 20; count += 1) await new Promise(setImmediate);
    assert.ok(parts.memory.kept <= 1 << 20, `${parts.memory.kept} bytes are kept`);
    pod.socket.resume();
    await eventually('all of it', () => pod.received.length >= HELLO.length + sent * piece.length);
    client.destroy();
    pod.socket.destroy();
    await logged();
  });

  it('ends when nothing goes through it for proxy-read-timeout', async t => {
    const pod = await Pod.start(t);
    const { clock, connect, logged } = await scene(t, [pod.address], { proxyReadTimeout: 5_000 });
    const client = await connect();
    for (let count = 0; count < 3; count += 1) {
      await client.send('x');
      await eventually('it to come', () => pod.received.length === HELLO.length + count + 1);
      await clock.pass(4_000);
    }
    assert.ok(client.isOpen);
    await clock.pass(6_000);
    await client.closed();
    const { status, reason } = await logged();
    assert.deepEqual([status, reason], [101, 'tunnel_idle_timeout']);
  });

  for (const isBalanced of [false, true]) {
    it(`goes to another pod where the first refuses it, ${isBalanced ? 'balanced' : 'in turn'}`, async t => {
      const pod = await Pod.start(t);
      const { connect, logged, parts } = await scene(t, [NOBODY, pod.address], {}, isBalanced);
      for (let count = 1; count <= 2; count += 1) {
        const client = await connect();
        await eventually('the hello', () => pod.received === HELLO.repeat(count));
        client.destroy();
        await eventually('its end', () => parts.clients.size === 0);
        if (count === 1) await logged();
      }
      assert.ok(parts.counters.get('retriesConnect') >= 1);
    });
  }

  it('is closed where no pod takes it, and the log says why', async t => {
    for (const [to, reason, status] of [
      [[NOBODY], 'upstream_refused', 502],
      [[], 'no_endpoint', 503],
    ] as const) {
      const { connect, logged } = await scene(t, to);
      const client = await connect();
      await client.closed();
      assert.equal(client.receivedBytes, 0);
      const line = await logged();
      assert.deepEqual([line.reason, line.status], [reason, status]);
    }
  });

  it('is closed when connecting takes longer than proxy-connect-timeout', async t => {
    const silent = await startSilentListener(t);
    const { clock, connect, logged } = await scene(t, [silent], { proxyConnectTimeout: 3_000 });
    const client = await connect();
    await eventually('the connect to begin', () => clock.pending > 1);
    // Two attempts, as for requests.
    for (let count = 0; count < 2; count += 1) await clock.pass(4_000);
    await client.closed();
    assert.equal((await logged()).reason, 'upstream_connect_timeout');
  });

  it('ends at once with the entry', async t => {
    const pod = await Pod.start(t);
    const { connect, parts, logged } = await scene(t, [pod.address]);
    const client = await connect();
    await eventually('the hello', () => pod.received === HELLO);
    for (const each of [...parts.clients]) each.destroy();
    await client.closed();
    assert.equal((await logged()).reason, '-');
  });

  it('that a side resets ends on the other', async t => {
    const pod = await Pod.start(t);
    const { connect, logged } = await scene(t, [pod.address]);
    const client = await connect();
    await eventually('the hello', () => pod.received === HELLO);
    pod.socket.resetAndDestroy();
    await client.closed();
    await logged();
  });
});
