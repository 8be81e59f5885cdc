/** What is written to a transport: its order, what waits, and what is given back. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TcpTransport } from '../../../src/dataplane/transport/tcp-transport.ts';
import { eventually } from '../../support/eventually.ts';
import { FLOOD_PIECES, KINDS, PIECE_BYTES, piece, Tally, textOf } from './transport-line.ts';

for (const [name, open, Kind] of KINDS) {
  const isDirect = Kind === TcpTransport;

  describe(name, { concurrency: true }, () => {
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
