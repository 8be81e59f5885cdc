import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { TcpTransport } from '../../../src/dataplane/transport/tcp-transport.ts';
import { eventually } from '../../support/eventually.ts';
import { KINDS, Recorder, Tally, textOf } from './transport-line.ts';

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
  });
}
