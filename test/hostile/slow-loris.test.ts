import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { Backend } from './backend.ts';
import { Entry } from './entry.ts';
import { NormalClient } from './normal-client.ts';
import { SIZES } from './sizes.ts';

const { dribblers, headerTimeoutSeconds, timeoutMs } = SIZES;
const DRIBBLE_MS = 250;
/** A head that never ends: each byte is right. */
const HEAD = `GET /page HTTP/1.1\r\nHost: test\r\nX-Slow: ${'z'.repeat(5_000)}`;
/** Of memory for each: a connection, a head under way, and what Node has around them. */
const MAX_BYTES_EACH = 64 * 1024;

it(`${dribblers} connections that dribble their heads are ended in time, and a normal client does not notice`, {
  timeout: timeoutMs,
}, async t => {
  const backend = await Backend.start(t);
  const entry = await Entry.start(t, backend, { args: ['--client-header-timeout', `${headerTimeoutSeconds}s`] });
  const before = await entry.memoryBytes();
  const client = new NormalClient(entry.address);
  const all = await Promise.all(Array.from({ length: dribblers }, () => Dribbler.connect(entry.address)));
  t.after(() => {
    for (const dribbler of all) dribbler.destroy();
  });
  const dribble = setInterval(() => {
    // What has come is read first. A write on a connection that the entry has ended would fail, and take the answer with it.
    setImmediate(() => {
      for (const dribbler of all) dribbler.dribble();
    });
  }, DRIBBLE_MS);
  t.after(() => clearInterval(dribble));

  await eventually('they all are read, as far as they are not ended yet', async () => {
    const [, reading = 0] = await entry.gauges();
    return reading >= all.filter(({ isEnded }) => !isEnded).length;
  });
  const grown = (await entry.memoryBytes()) - before;
  t.diagnostic(`${Math.round(grown / dribblers / 1024)} KiB more of memory for each`);
  assert.ok(grown < 64 * 1024 * 1024 + dribblers * MAX_BYTES_EACH, `${grown} bytes more`);

  await eventually(
    'they all are ended',
    () => all.every(({ isEnded }) => isEnded),
    (headerTimeoutSeconds + 120) * 1000,
  );
  await client.assertServed(t);
  for (const { received } of all) assert.match(received, /^HTTP\/1\.1 408 /);
});

class Dribbler {
  received = '';
  isEnded = false;
  readonly #socket: Socket;
  #sent = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
    });
    socket.on('error', () => undefined);
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.isEnded = true;
      });
    }
  }

  static async connect(address: Entry['address']): Promise<Dribbler> {
    // Not all in one moment: it is not the accept queue that is tested.
    await delay(Math.random() * 500);
    const dribbler = new Dribbler(connect({ ...address }));
    // At once: a connection on which no head has begun is ended without a word.
    dribbler.dribble();
    await once(dribbler.#socket, 'connect');
    return dribbler;
  }

  dribble(): void {
    if (this.isEnded || !this.#socket.writable) return;
    this.#socket.write(HEAD[this.#sent] ?? 'z');
    this.#sent += 1;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
