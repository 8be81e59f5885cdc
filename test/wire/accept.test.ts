import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createReadingServer } from '../../src/dataplane/transport/accept.ts';
import type { SocketReader } from '../../src/dataplane/transport/socket-reader.ts';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';

/** Remembers which memory was read into, and copies what came. */
class Recorder implements SocketReader {
  readonly memory = Buffer.alloc(1024);
  readonly reads: { readonly own: boolean; readonly text: string }[] = [];
  wantsMore = true;

  readBuffer(): Buffer {
    return this.memory;
  }

  read(bytes: Buffer, size: number): boolean {
    this.reads.push({ own: bytes === this.memory, text: bytes.toString('latin1', 0, size) });
    return this.wantsMore;
  }

  crashed(error: unknown): void {
    throw error;
  }

  get text(): string {
    return this.reads.map(({ text }) => text).join('');
  }
}

async function accepted(t: TestContext, prepare: (server: Server) => void = () => undefined) {
  const recorder = new Recorder();
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const server = createReadingServer(open => resolve(open(recorder)));
  prepare(server);
  atEnd(t, () => void server.close());
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const client = connect(address.port, '127.0.0.1');
  atEnd(t, () => void client.destroy());
  const socket = await promise;
  atEnd(t, () => void socket.destroy());
  return { recorder, client, socket };
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

for (const [name, prepare, own] of [
  ['into the buffers of the reader', undefined, true],
  ['from events, where Node does not let itself be told', hideHandle, false],
] as const) {
  describe(`connections are read ${name}`, { concurrency: true }, () => {
    it('every byte, in order', async t => {
      const { recorder, client, socket } = await accepted(t, prepare);
      socket.resume();
      const text = 'abcdefghij'.repeat(1000);
      client.write(text);
      await eventually('all bytes', () => recorder.text.length === text.length);
      assert.equal(recorder.text, text);
      assert.ok(recorder.reads.every(read => read.own === own));
    });

    it('both ends are known, and the end of either shows', async t => {
      const { client, socket } = await accepted(t, prepare);
      assert.equal(socket.remoteAddress, '127.0.0.1');
      assert.equal(socket.remotePort, client.localPort);
      socket.resume();
      const ended = once(socket, 'end');
      client.end();
      await ended;
    });

    it('a reader that wants no more gets no more until it says so', async t => {
      const { recorder, client, socket } = await accepted(t, prepare);
      recorder.wantsMore = false;
      socket.resume();
      client.write('one');
      await eventually('the first read', () => recorder.text === 'one');
      recorder.wantsMore = true;
      client.write('two');
      socket.write('x');
      // The client has had an answer that was written after its second write.
      await once(client, 'data');
      assert.equal(recorder.text, 'one');
      socket.pause();
      socket.resume();
      await eventually('the second read', () => recorder.text === 'onetwo');
    });

    it('an aborted connection is an error or an end, and is closed', async t => {
      const { client, socket } = await accepted(t, prepare);
      socket.on('error', () => undefined);
      socket.resume();
      const closed = new Promise<void>(resolve => void socket.once('close', () => resolve()));
      client.resetAndDestroy();
      await closed;
    });
  });
}
