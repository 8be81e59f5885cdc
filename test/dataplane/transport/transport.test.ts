import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createTransportServer } from '../../../src/dataplane/transport/accept.ts';
import { connectTransport } from '../../../src/dataplane/transport/connect.ts';
import { SocketTransport } from '../../../src/dataplane/transport/socket-transport.ts';
import { TcpTransport } from '../../../src/dataplane/transport/tcp-transport.ts';
import type { Transport, TransportOwner } from '../../../src/dataplane/transport/transport.ts';
import { atEnd } from '../../support/cleanup.ts';
import { eventually } from '../../support/eventually.ts';

/** Far more than the kernel keeps for a peer that does not read. */
const FLOOD_PIECES = 400;
const PIECE_BYTES = 64 * 1024;

/** Counts calls. */
class Tally {
  count = 0;

  readonly add = (): void => {
    this.count += 1;
  };
}

/** Remembers what it was told, and which memory was read into. */
class Recorder implements TransportOwner {
  memory = Buffer.alloc(1024);
  readonly reads: { readonly own: boolean; readonly text: string }[] = [];
  readonly told: string[] = [];
  wantsMore = true;
  /** Each read goes into memory of its own. */
  changesMemory = false;
  /** What read() throws. */
  bug: Error | undefined;

  readBuffer(): Buffer {
    return this.memory;
  }

  read(bytes: Buffer, size: number): boolean {
    this.reads.push({ own: bytes === this.memory, text: bytes.toString('latin1', 0, size) });
    if (this.changesMemory) this.memory = Buffer.alloc(16);
    if (this.bug !== undefined) throw this.bug;
    return this.wantsMore;
  }

  ended(): void {
    this.told.push('ended');
  }

  closed(error: string | undefined): void {
    this.told.push(`closed ${error}`);
  }

  drained(): void {
    this.told.push('drained');
  }

  writeFailed(): void {
    this.told.push('writeFailed');
  }

  crashed(error: unknown): void {
    this.told.push(`crashed ${String(error)}`);
  }

  get text(): string {
    return this.reads.map(({ text }) => text).join('');
  }
}

interface Line {
  readonly transport: Transport;
  readonly owner: Recorder;
  /** Reads nothing until it is resumed. */
  readonly peer: Socket;
  readonly memory: { kept: number };
}

type OpenLine = (t: TestContext) => Promise<Line>;

async function portOf(t: TestContext, server: Server): Promise<number> {
  atEnd(t, () => void server.close());
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

/** @param prepare what the server's own Node would be */
async function accepted(t: TestContext, prepare: (server: Server) => void = () => undefined): Promise<Line> {
  const owner = new Recorder();
  const memory = { kept: 0 };
  const { promise, resolve } = Promise.withResolvers<Transport>();
  const server = createTransportServer(memory, open => resolve(open(owner)));
  prepare(server);
  const peer = connect({ port: await portOf(t, server), host: '127.0.0.1', allowHalfOpen: true });
  return line(t, await promise, owner, peer, memory);
}

async function connected(t: TestContext): Promise<Line> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  const port = await portOf(t, server);
  const owner = new Recorder();
  const memory = { kept: 0 };
  const { promise, resolve, reject } = Promise.withResolvers<Transport>();
  connectTransport({ host: 'a.test', port, lookup: toLoopback }, memory, {
    connected: open => resolve(open(owner)),
    connectFailed: reject,
    crashed: reject,
  });
  const [transport, [peer]] = await Promise.all([promise, once(server, 'connection')]);
  return line(t, transport, owner, peer as Socket, memory);
}

const toLoopback: Parameters<typeof connectTransport>[0]['lookup'] = (_name, _options, callback) =>
  callback(null, [{ address: '127.0.0.1', family: 4 }]);

function line(t: TestContext, transport: Transport, owner: Recorder, peer: Socket, memory: { kept: number }): Line {
  atEnd(t, () => void peer.destroy());
  atEnd(t, () => transport.destroy());
  peer.on('error', () => undefined);
  peer.pause();
  return { transport, owner, peer, memory };
}

/** A Node whose server shows nothing of its inside. */
function hideHandle(server: Server): void {
  let handle: unknown;
  server.prependOnceListener('listening', () => {
    handle = Reflect.get(server, '_handle');
    Reflect.set(server, '_handle', {});
  });
  server.once('listening', () => Reflect.set(server, '_handle', handle));
}

async function textOf(peer: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of peer as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

/** Short ones and long ones, each with its own number. */
function piece(index: number): string {
  return String(index).padStart(8, '0') + '\xff'.repeat(index % 3 === 0 ? 10 : PIECE_BYTES);
}

const KINDS: readonly (readonly [string, OpenLine, typeof TcpTransport | typeof SocketTransport])[] = [
  ['an accepted connection', accepted, TcpTransport],
  ['a connection that was made', connected, TcpTransport],
  ['an accepted connection, where handles are not known', t => accepted(t, hideHandle), SocketTransport],
];

for (const [name, open, Kind] of KINDS) {
  const isDirect = Kind === TcpTransport;

  describe(name, { concurrency: true }, () => {
    it('is the transport that suits this Node, and knows its peer', async t => {
      const { transport, peer } = await open(t);
      assert.ok(transport instanceof Kind);
      assert.equal(transport.peerAddress, '127.0.0.1');
      assert.equal(transport.isOpen, true);
      assert.equal(peer.destroyed, false);
    });

    it('reads every byte, in order', async t => {
      const { transport, owner, peer } = await open(t);
      transport.resume();
      const text = 'abcdefghij'.repeat(1000);
      peer.write(text);
      await eventually('all bytes', () => owner.text.length === text.length);
      assert.equal(owner.text, text);
      assert.ok(owner.reads.every(({ own }) => own === isDirect));
    });

    it('reads into the memory that its owner names for each read', async t => {
      const { transport, owner, peer } = await open(t);
      owner.changesMemory = true;
      transport.resume();
      const text = '0123456789'.repeat(50);
      peer.write(text);
      await eventually('all bytes', () => owner.text.length === text.length);
      assert.equal(owner.text, text);
      assert.ok(owner.reads.every(({ own }) => own === isDirect));
    });

    it('belongs to another owner once it is handed over, from within a read too', async t => {
      const { transport, owner, peer } = await open(t);
      const next = new Recorder();
      next.memory = Buffer.alloc(8);
      const read = owner.read.bind(owner);
      owner.read = (bytes, size) => {
        transport.handOver(next);
        return read(bytes, size);
      };
      transport.resume();
      peer.write('for the first');
      await eventually('the first read', () => owner.text === 'for the first');
      peer.write('for the next');
      await eventually('what follows', () => next.text === 'for the next');
      assert.ok(next.reads.every(({ own }) => own === isDirect));
      peer.end();
      await eventually('the end', () => next.told.length > 0);
      transport.endSoon();
      await eventually('the close', () => next.told.length > 1);
      assert.deepEqual(next.told, ['ended', 'closed undefined']);
      assert.deepEqual([owner.text, owner.told], ['for the first', []]);
    });

    it('is handed over before anything was read', async t => {
      const { transport, owner, peer } = await open(t);
      const next = new Recorder();
      transport.handOver(next);
      transport.resume();
      peer.write('abc');
      await eventually('the read', () => next.text === 'abc');
      assert.equal(owner.text, '');
    });

    it('reads nothing before it is resumed, nor after its owner wants no more', async t => {
      const { transport, owner, peer } = await open(t);
      owner.wantsMore = false;
      peer.write('one');
      transport.writeText('x');
      peer.resume();
      await once(peer, 'data');
      assert.equal(owner.text, '');
      transport.resume();
      await eventually('the first read', () => owner.text === 'one');
      assert.equal(transport.isPaused, true);
      peer.write('two');
      transport.writeText('y');
      // The peer has had an answer that was written after its second write.
      await once(peer, 'data');
      assert.equal(owner.text, 'one');
      transport.resume();
      await eventually('the second read', () => owner.text === 'onetwo');
    });

    it('a bug in its owner ends nothing but tells the owner', async t => {
      const { transport, owner, peer } = await open(t);
      owner.bug = new Error('bug');
      transport.resume();
      peer.write('one');
      await eventually('the owner to be told', () => owner.told.includes('crashed Error: bug'));
    });

    it('a FIN of the peer shows, and more can be written after it', async t => {
      const { transport, owner, peer } = await open(t);
      transport.resume();
      peer.end('last');
      await eventually('the end', () => owner.told.includes('ended'));
      assert.equal(owner.text, 'last');
      assert.equal(transport.isOpen, false);
      transport.writeText('answer');
      const finished = new Tally();
      transport.end(finished.add);
      assert.equal(finished.count, 0);
      assert.equal(await textOf(peer), 'answer');
      await eventually('FIN to be sent', () => finished.count === 1);
    });

    it('after FIN of its own it still reads', async t => {
      const { transport, owner, peer } = await open(t);
      transport.resume();
      const finished = new Tally();
      transport.end(finished.add);
      await once(peer.resume(), 'end');
      await eventually('FIN to be sent', () => finished.count === 1);
      peer.write('late');
      await eventually('the bytes', () => owner.text === 'late');
    });

    it('a reset is told by its code', async t => {
      const { transport, owner, peer } = await open(t);
      transport.resume();
      transport.writeText('x');
      peer.resume();
      await once(peer, 'data');
      peer.resetAndDestroy();
      await eventually('the reset', () => owner.told.includes('closed ECONNRESET'));
      assert.equal(transport.isOpen, false);
      transport.writeText('late');
      transport.resume();
      transport.pause();
      transport.destroy();
      assert.equal(transport.peerAddress, '');
    });

    it('who destroys it is told nothing', async t => {
      const { transport, owner, peer } = await open(t);
      transport.resume();
      transport.destroy();
      transport.destroy();
      assert.equal(await textOf(peer), '');
      assert.deepEqual([owner.told, transport.isOpen], [[], false]);
    });

    it('what is written is there at once, and nothing waits', async t => {
      const { transport, peer } = await open(t);
      const sent = new Tally();
      assert.equal(transport.writeText('t\xe9xt'), true);
      assert.equal(transport.writeBytes(Buffer.from('bytes'), sent.add), true);
      if (isDirect) assert.equal(sent.count, 1);
      await eventually('the bytes to be given back', () => sent.count === 1);
      assert.equal(transport.isBlocked, false);
      await eventually('nothing to wait', () => transport.flush());
      transport.end(() => undefined);
      assert.equal(await textOf(peer), 't\xe9xtbytes');
    });

    it('what waits for the end of the turn keeps its place among what is written at once', async t => {
      const { transport, peer } = await open(t);
      transport.writeSoon('a');
      transport.writeText('b');
      transport.writeSoon('c');
      transport.writeBytes(Buffer.from('d'), () => undefined);
      transport.writeSoon('e');
      transport.writeSoon('f');
      if (isDirect) assert.equal(transport.sentBytes, 4);
      await eventually('the end of the turn', () => transport.sentBytes === 6);
      transport.writeSoon('g');
      transport.end(() => undefined);
      assert.equal(await textOf(peer), 'abcdefg');
    });

    it('what waits for the end of the turn goes out before the connection is destroyed', async t => {
      const { transport, peer } = await open(t);
      transport.writeSoon('answer');
      transport.destroy();
      assert.equal(await textOf(peer), 'answer');
    });

    it('what waits grows no further than one write', async t => {
      const { transport, peer } = await open(t);
      for (let count = 0; count < FLOOD_PIECES; count += 1) transport.writeSoon('x'.repeat(PIECE_BYTES));
      assert.equal(transport.isBlocked, true);
      transport.endSoon();
      assert.equal((await textOf(peer)).length, FLOOD_PIECES * PIECE_BYTES);
    });

    it('many connections that write in one turn all send', async t => {
      const lines = await Promise.all(Array.from({ length: 70 }, () => open(t)));
      for (const [index, { transport }] of lines.entries()) {
        transport.writeSoon(String(index));
        transport.writeSoon('.');
      }
      for (const [index, { transport, peer }] of lines.entries()) {
        await eventually('the end of the turn', () => transport.sentBytes === String(index).length + 1);
        transport.end(() => undefined);
        assert.equal(await textOf(peer), `${index}.`);
      }
    });

    it('what waits on a broken connection is not counted as sent', async t => {
      const { transport, owner, peer } = await open(t);
      if (!isDirect) return;
      peer.resetAndDestroy();
      // The reset is not read, so that only the write finds it.
      await eventually('the write to fail', () => {
        const before = transport.sentBytes;
        transport.writeSoon('request');
        transport.flush();
        return transport.isBroken && transport.sentBytes === before;
      });
      await eventually('the owner to be told', () => owner.told.includes('writeFailed'));
    });

    it('what is written comes in order and whole, however little the peer reads, and is given back once each', async t => {
      const { transport, owner, peer, memory } = await open(t);
      const given: Tally[] = [];
      const wanted: boolean[] = [];
      let expected = '';
      for (let index = 0; index < FLOOD_PIECES; index += 1) {
        const text = piece(index);
        expected += text + text;
        const tally = new Tally();
        given.push(tally);
        wanted.push(transport.writeText(text), transport.writeBytes(Buffer.from(text, 'latin1'), tally.add));
      }
      assert.equal(wanted[0], true);
      assert.equal(wanted.at(-1), false);
      assert.deepEqual([transport.isBlocked, transport.flush()], [true, false]);
      if (isDirect) assert.ok(memory.kept > 0);
      // What was written goes out before the end.
      transport.endSoon();
      assert.ok((await textOf(peer)) === expected, 'other bytes than were written');
      await eventually('all to be given back', () => given.every(({ count }) => count === 1));
      await eventually('the owner to be told', () => owner.told.includes('closed undefined'));
      assert.deepEqual([transport.flush(), memory.kept], [true, 0]);
    });

    it('a peer that does not read holds the writer up, and says when it reads again', async t => {
      const { transport, owner, peer, memory } = await open(t);
      for (let count = 0; count < FLOOD_PIECES; count += 1) transport.writeText('x'.repeat(PIECE_BYTES));
      assert.equal(transport.isBlocked, true);
      assert.deepEqual(owner.told, []);
      peer.resume();
      await eventually('the writer to be told', () => owner.told.length === 1);
      assert.deepEqual([owner.told, transport.isBlocked, transport.flush()], [['drained'], false, true]);
      assert.equal(memory.kept, 0);
    });

    it('what a peer takes of one piece shows, before all of it has gone', async t => {
      const { transport, peer } = await open(t);
      // Of what waits in a stream no part shows: it is one piece there.
      const pieces = isDirect ? 1 : FLOOD_PIECES;
      for (let count = 0; count < pieces; count += 1)
        transport.writeBytes(Buffer.alloc((FLOOD_PIECES / pieces) * PIECE_BYTES), () => undefined);
      assert.equal(transport.takesSome(), false);
      // It reads one piece for each look, or it might take all of them between two.
      peer.on('data', () => peer.pause());
      await eventually('some to have gone', () => {
        peer.resume();
        return transport.takesSome();
      });
      assert.equal(transport.isBlocked, true);
    });

    it('a peer that resets while bytes wait ends it, and all bytes are given back', async t => {
      const { transport, owner, peer } = await open(t);
      transport.resume();
      const given = new Tally();
      for (let count = 0; count < FLOOD_PIECES; count += 1) transport.writeBytes(Buffer.alloc(PIECE_BYTES), given.add);
      assert.ok(given.count < FLOOD_PIECES);
      peer.resetAndDestroy();
      await eventually('the owner to be told', () => owner.told.some(what => what.startsWith('closed')));
      await eventually('the bytes to be given back', () => given.count === FLOOD_PIECES);
      transport.writeText('late');
      transport.writeBytes(Buffer.from('late'), given.add);
      await eventually('late bytes to be given back', () => given.count === FLOOD_PIECES + 1);
      assert.ok(!owner.told.includes('drained'));
    });

    it('destroyed while bytes wait, it gives them back and says nothing', async t => {
      const { transport, owner, memory } = await open(t);
      const given = new Tally();
      transport.writeText('x'.repeat(FLOOD_PIECES * PIECE_BYTES));
      transport.writeBytes(Buffer.alloc(PIECE_BYTES), given.add);
      transport.destroy();
      await eventually('the bytes to be given back', () => given.count === 1);
      assert.deepEqual([owner.told, memory.kept], [[], 0]);
    });
  });
}
