import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClientMemory } from '../../../src/dataplane/transport/client-memory.ts';
import { Inlet, ReadBuffers } from '../../../src/dataplane/transport/read-buffers.ts';
import { eventually } from '../../support/eventually.ts';
import { startProxy } from '../../support/proxy-under-test.ts';
import { RawUpstream } from '../../support/raw-upstream.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('ReadBuffers', { concurrency: true }, () => {
  it('nobody gets a buffer that somebody still has', () => {
    const buffers = new ReadBuffers(new ClientMemory(1 << 30, () => 0));
    const first = buffers.take();
    const second = buffers.take();
    assert.notEqual(first, second);
    first.giveBack();
    assert.equal(buffers.take(), first);
    assert.notEqual(buffers.take(), first);
    assert.notEqual(first.bytes.buffer, buffers.shared(1024).buffer);
  });

  it('after a burst some are kept, not all', () => {
    const buffers = new ReadBuffers(new ClientMemory(1 << 30, () => 0));
    const burst = Array.from({ length: 500 }, () => buffers.take());
    for (const buffer of burst) buffer.giveBack();
    const known = new Set(burst);
    const again = burst.map(() => buffers.take()).filter(buffer => known.has(buffer));
    assert.ok(again.length > 0 && again.length <= 100, `${again.length} were kept`);
  });

  it('a large body is read in larger pieces while memory is plentiful, and the middle of one goes over to smaller ones', () => {
    const memory = new ClientMemory(100 * MIB, () => 0);
    const inlet = new Inlet(new ReadBuffers(memory));
    const read = (size: number): number => {
      inlet.lastSize = size;
      return inlet.next(true).length;
    };
    assert.equal(read(1024), 64 * KIB);
    assert.equal(memory.kept, 0);
    assert.equal(read(64 * KIB), 256 * KIB);
    assert.equal(read(256 * KIB), 256 * KIB);
    assert.equal(memory.kept, 256 * KIB);
    memory.kept += 20 * MIB;
    assert.equal(read(256 * KIB), 64 * KIB);
    assert.equal(memory.kept, 20 * MIB + 64 * KIB);
    memory.kept += 40 * MIB;
    assert.equal(read(64 * KIB), 8 * KIB);
    assert.equal(memory.kept, 60 * MIB);
  });

  it('what is copied into one can be read as bytes, and with texts around them, up to the last byte of it', () => {
    const buffers = new ReadBuffers(new ClientMemory(1 << 30, () => 0));
    const size = buffers.take().bytes.length;
    const from = Buffer.alloc(size + 10, 'abcdefg');
    const buffer = buffers.copy(from, [3, 3 + 1000, 1003, 3 + size], size);
    const expected = from.subarray(3, 3 + size);
    assert.ok(buffer.view(size).equals(expected));
    assert.ok(
      buffer
        .view(size, `${size.toString(16)}\r\n`, '\r\n')
        .equals(Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), expected, Buffer.from('\r\n')])),
    );
    assert.equal(buffer.view(1, '1\r\n', '\r\n').toString(), '1\r\nd\r\n');
  });

  it('bodies that wait for slow readers stay whose they are, however they are framed', async t => {
    const size = 6 * MIB;
    const bodies = ['length', 'chunks', 'close'].flatMap(framing =>
      ['1', '2', '3'].map(number => `${framing}-${number};`),
    );
    const bodyOf = (mark: string): string => mark.repeat(size / mark.length);
    const upstream = await RawUpstream.start(t, async request => {
      const body = bodyOf(`${request.target.slice(1)};`);
      const { connection } = request;
      if (request.target.startsWith('/length')) {
        await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      } else if (request.target.startsWith('/close')) {
        connection.finish(`HTTP/1.1 200 OK\r\n\r\n${body}`);
      } else {
        const half = `${(body.length / 2).toString(16)}\r\n`;
        const chunks = `${half}${body.slice(0, body.length / 2)}\r\n${half}${body.slice(body.length / 2)}\r\n0\r\n\r\n`;
        await connection.send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`);
      }
    });
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }] });
    const clients = await Promise.all(
      bodies.map(async mark => {
        const client = await proxy.connect();
        client.pause();
        await client.send(`GET /v/${mark.slice(0, -1)} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`);
        return { client, mark };
      }),
    );
    // Each upstream has sent what goes into the sockets between: the rest waits in buffers here.
    await eventually('all are asked', () => upstream.requests.length === bodies.length);
    await new Promise(resolve => setTimeout(resolve, 500));
    for (const { client } of clients) client.resume();
    for (const { client, mark } of clients) {
      const { body } = await client.response({ deadlineMs: 60_000 });
      assert.ok(body === bodyOf(mark), `what came for ${mark} is not what was sent`);
    }
  });
});
