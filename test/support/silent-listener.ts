import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { atEnd } from './cleanup.ts';

/** Listens, reports its port and then never runs its event loop again, so that nothing is ever accepted. */
const THREAD = `
  const { createServer } = require('node:net');
  const { parentPort, workerData } = require('node:worker_threads');
  const server = createServer();
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(workerData, 0, 0));
  });
`;

/** Of a listener whose backlog is 1, Linux takes one more. With fewer in it, a connection that is not made is only slow. */
const QUEUE_LENGTH = 2;

/** A connection that is not made in this time is taken to have met a full queue: loopback answers within microseconds. */
const STUCK_MS = 300;

/**
 * An address where a connect neither succeeds nor fails: the kernel drops the SYN because the listener's accept queue
 * is full and nothing empties it. That is how Linux behaves with its default `net.ipv4.tcp_abort_on_overflow = 0`.
 */
export async function startSilentListener(t: TestContext): Promise<ListenAddress> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(THREAD, { eval: true, workerData: gate });
  const fillers: Socket[] = [];
  atEnd(t, async () => {
    for (const filler of fillers) filler.destroy();
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await worker.terminate();
  });
  const [port] = (await once(worker, 'message')) as [number];
  const address = { host: '127.0.0.1', port };
  let made = 0;
  for (let count = 0; count < 16; count += 1) {
    const filler = connect(address);
    fillers.push(filler);
    filler.on('error', () => {});
    await Promise.race([once(filler, 'connect'), delay(STUCK_MS)]);
    // After a standstill the timer comes first, and what the kernel has to say of the connection a turn later.
    await turn();
    if (!filler.connecting) made += 1;
    else if (made >= QUEUE_LENGTH) return address;
  }
  throw new Error('this kernel goes on completing connections that nobody accepts: a connect timeout cannot be made');
}
