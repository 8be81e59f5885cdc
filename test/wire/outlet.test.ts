import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Outlet } from '../../src/dataplane/transport/outlet.ts';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';

/** Far more than the kernel keeps for a peer that does not read. */
const FLOOD_PIECES = 400;
const PIECE_BYTES = 64 * 1024;

interface Line {
  readonly outlet: Outlet;
  readonly socket: Socket;
  /** Reads nothing until it is resumed. */
  readonly peer: Socket;
  readonly drained: Tally;
}

/** Counts calls. */
class Tally {
  count = 0;

  readonly add = (): void => {
    this.count += 1;
  };
}

/** A connection, and what goes out on it. @param hides the socket has nothing below it that can be used */
async function line(t: TestContext, hides: boolean): Promise<Line> {
  const server = createServer({ pauseOnConnect: true });
  atEnd(t, () => void server.close());
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const socket = connect(address.port, '127.0.0.1');
  atEnd(t, () => void socket.destroy());
  const [peer]: Socket[] = await once(server, 'connection');
  assert.ok(peer);
  atEnd(t, () => void peer.destroy());
  if (socket.connecting) await once(socket, 'connect');
  socket.on('error', () => undefined);
  peer.on('error', () => undefined);
  if (hides) {
    const handle: unknown = Reflect.get(socket, '_handle');
    assert.ok(typeof handle === 'object' && handle !== null);
    // The stream has its own way to it.
    Object.defineProperty(socket, '_handle', { value: lackingWriteBuffer(handle) });
  }
  const drained = new Tally();
  const outlet = new Outlet(socket, OWNER, { kept: 0 }, drained.add);
  // The first of all shows how handles are.
  outlet.writeText('');
  return { outlet, socket, peer, drained };
}

const OWNER = {
  crashed: (error: unknown): void => {
    throw error;
  },
};

/** As it would be in a Node with other insides. */
function lackingWriteBuffer(handle: object): object {
  return new Proxy(handle, {
    has: (target, key) => key !== 'writeBuffer' && key in target,
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
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

for (const [name, hides] of [
  ['past the stream', false],
  ['by way of the stream, where there is nothing below it that could be used', true],
] as const) {
  describe(`what is written ${name}`, { concurrency: true }, () => {
    it('is there at once, and nothing waits', async t => {
      const { outlet, peer } = await line(t, hides);
      const sent = new Tally();
      assert.equal(outlet.writeText('t\xe9xt'), true);
      assert.equal(outlet.writeBytes(Buffer.from('bytes'), sent.add), true);
      // Past the stream there is nothing to wait for.
      assert.equal(sent.count, hides ? 0 : 1);
      await eventually('the bytes to be given back', () => sent.count === 1);
      assert.equal(outlet.isBlocked, false);
      await eventually('nothing to wait', () => outlet.isEmpty);
      peer.resume();
      const [first] = await once(peer, 'data');
      assert.equal(String(first.toString('latin1')).slice(0, 4), 't\xe9xt');
    });

    it('comes in order and whole, however little the peer reads, and is given back once each', async t => {
      const { outlet, socket, peer } = await line(t, hides);
      const given: Tally[] = [];
      let expected = '';
      const wanted: boolean[] = [];
      for (let index = 0; index < FLOOD_PIECES; index += 1) {
        const text = piece(index);
        expected += text;
        wanted.push(outlet.writeText(text));
        const tally = new Tally();
        given.push(tally);
        wanted.push(outlet.writeBytes(Buffer.from(text, 'latin1'), tally.add));
        expected += text;
      }
      assert.equal(wanted[0], true);
      assert.equal(wanted.at(-1), false);
      assert.equal(outlet.isBlocked, true);
      assert.equal(outlet.isEmpty, false);
      // What was written goes out before the end.
      socket.destroySoon();
      assert.ok((await textOf(peer)) === expected, 'other bytes than were written');
      await eventually('all to be given back', () => given.every(({ count }) => count === 1));
      assert.equal(outlet.isEmpty, true);
    });

    it('a peer that does not read holds the writer up, and says when it reads again', async t => {
      const { outlet, peer, drained } = await line(t, hides);
      for (let count = 0; count < FLOOD_PIECES; count += 1) outlet.writeText('x'.repeat(PIECE_BYTES));
      assert.equal(outlet.isBlocked, true);
      assert.equal(drained.count, 0);
      peer.resume();
      await eventually('the writer to be told', () => drained.count === 1);
      assert.equal(outlet.isBlocked, false);
      assert.equal(outlet.isEmpty, true);
    });

    it('what a peer takes of one piece shows, before all of it has gone', async t => {
      const { outlet, peer } = await line(t, hides);
      // Of what waits in the stream no part shows: it is one piece there.
      const pieces = hides ? FLOOD_PIECES : 1;
      for (let count = 0; count < pieces; count += 1)
        outlet.writeBytes(Buffer.alloc((FLOOD_PIECES / pieces) * PIECE_BYTES), () => undefined);
      assert.equal(outlet.takesSome(), false);
      peer.resume();
      await eventually('some to have gone', () => outlet.takesSome());
      peer.pause();
      assert.equal(outlet.isBlocked, true);
    });

    it('one piece that the kernel does not take at once is enough to be held up', async t => {
      const { outlet, peer, drained } = await line(t, hides);
      const sent = new Tally();
      assert.equal(outlet.writeBytes(Buffer.alloc(FLOOD_PIECES * PIECE_BYTES), sent.add), false);
      assert.deepEqual([outlet.isBlocked, outlet.isEmpty, sent.count, drained.count], [true, false, 0, 0]);
      assert.equal(outlet.takesSome(), false);
      peer.resume();
      await eventually('the writer to be told', () => drained.count === 1);
      assert.deepEqual([outlet.isBlocked, outlet.isEmpty, sent.count], [false, true, 1]);
    });

    it('nothing overtakes what waits in the stream once the handle has got rid of its own', async t => {
      const { outlet, socket, peer } = await line(t, hides);
      const [first, second] = ['a', 'b'].map(letter => letter.repeat(FLOOD_PIECES * PIECE_BYTES));
      assert.ok(first && second);
      const firstHasGone = new Promise<void>(resolve => {
        outlet.writeBytes(Buffer.from(first), () => {
          // In this moment: a fast peer would soon have read the second, too.
          peer.pause();
          resolve();
        });
      });
      outlet.writeText(second);
      outlet.writeText('third');
      const read: string[] = [];
      peer.on('data', (chunk: Buffer) => read.push(chunk.toString('latin1'))).resume();
      await firstHasGone;
      assert.equal(outlet.isEmpty, false);
      outlet.writeText('fourth');
      socket.destroySoon();
      peer.resume();
      await eventually('the end', () => peer.readableEnded);
      assert.ok(read.join('') === `${first}${second}thirdfourth`, 'other bytes than were written');
    });

    it('a peer that resets ends the socket, and all bytes are given back', async t => {
      const { outlet, socket, peer } = await line(t, hides);
      const given = new Tally();
      let isClosed = false;
      socket.on('close', () => {
        isClosed = true;
      });
      for (let count = 0; count < FLOOD_PIECES; count += 1) {
        outlet.writeBytes(Buffer.alloc(PIECE_BYTES), given.add);
      }
      assert.ok(given.count < FLOOD_PIECES);
      peer.resetAndDestroy();
      await eventually('the socket to be closed', () => isClosed);
      await eventually('the bytes to be given back', () => given.count === FLOOD_PIECES);
      outlet.writeText('late');
      outlet.writeBytes(Buffer.from('late'), () => undefined);
    });
  });
}
