import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import { still } from '../support/eventually.ts';
import { Backend, blockOf } from './backend.ts';
import { Entry } from './entry.ts';
import { NormalClient } from './normal-client.ts';
import { SIZES } from './sizes.ts';

const { readers, downloadBytes, timeoutMs } = SIZES;
const MIB = 1024 * 1024;
/** How much of a download that the client does not read the kernel keeps in two sockets, and Node in one. */
const MAX_AHEAD_BYTES = 24 * MIB;
/** Beyond what it has anyway. V8 lets young memory grow to that, whatever the size of a download. */
const MAX_GROWTH_BYTES = 256 * MIB;
const SAMPLE_MS = 250;

it(`${readers} readers that stop within ${downloadBytes / MIB} MiB cost no memory, and get every byte when they go on`, {
  timeout: timeoutMs,
}, async t => {
  const backend = await Backend.start(t);
  const entry = await Entry.start(t, backend);
  const before = await entry.memoryBytes();
  const samples: Promise<number>[] = [];
  const sampling = setInterval(() => samples.push(entry.memoryBytes()), SAMPLE_MS);
  t.after(() => clearInterval(sampling));
  const client = new NormalClient(entry.address);
  const all = Array.from({ length: readers }, (_, number) => new Reader(entry.address, number));
  t.after(() => {
    for (const reader of all) reader.destroy();
  });

  await still('nothing is sent any more', () => backend.sentBytes);
  assert.ok(backend.sentBytes < readers * MAX_AHEAD_BYTES, `${backend.sentBytes} bytes sent, and no client reads them`);
  for (const reader of all) reader.read();
  await Promise.all(all.map(({ ended }) => ended));

  clearInterval(sampling);
  await client.assertServed(t);
  for (const reader of all) assert.deepEqual([reader.problem, reader.bytes], [undefined, downloadBytes]);
  const most = Math.max(before, ...(await Promise.all(samples)));
  t.diagnostic(`memory grew by ${Math.round((most - before) / MIB)} MiB at most`);
  assert.ok(most - before < MAX_GROWTH_BYTES, `${most - before} bytes more`);
});

class Reader {
  bytes = 0;
  problem: string | undefined;
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  /** Twice the block: a piece that begins within it can be compared at once. */
  readonly #expected: Buffer;
  #head: Buffer | undefined = Buffer.alloc(0);

  constructor(address: Entry['address'], number: number) {
    const block = blockOf(number);
    this.#expected = Buffer.concat([block, block]);
    this.#socket = connect({ ...address });
    this.#socket.write(`GET /download/${number}/${downloadBytes} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`);
    this.#socket.pause();
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('error', error => {
      this.problem ??= error.message;
    });
    this.ended = new Promise(resolve => this.#socket.once('close', () => resolve()));
  }

  read(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#head === undefined) {
      this.#compare(chunk);
      return;
    }
    const head = Buffer.concat([this.#head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    this.#head = end < 0 ? head : undefined;
    if (end >= 0) this.#compare(head.subarray(end + 4));
  }

  #compare(chunk: Buffer): void {
    const size = this.#expected.length / 2;
    for (let at = 0; at < chunk.length; at += size) {
      const piece = chunk.subarray(at, at + size);
      const start = (this.bytes + at) % size;
      if (!piece.equals(this.#expected.subarray(start, start + piece.length))) {
        this.problem ??= `other bytes than were sent, from ${this.bytes + at} on`;
      }
    }
    this.bytes += chunk.length;
  }
}
