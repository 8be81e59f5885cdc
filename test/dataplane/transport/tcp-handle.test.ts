import assert from 'node:assert/strict';
import { connect, Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { isTcpHandle } from '../../../src/dataplane/transport/tcp-handle.ts';
import { atEnd } from '../../support/cleanup.ts';

describe('the parts of a handle that are used without a socket', () => {
  it('are known in this Node', t => {
    assert.equal(isTcpHandle(handleOf(t)), true);
  });

  it('are not taken for known where one is missing', () => {
    assert.equal(isTcpHandle({ writeQueueSize: 0, readStart: () => 0 }), false);
    assert.equal(isTcpHandle(undefined), false);
  });

  it('are unknown in a Node that does not show the outcomes of reads', async t => {
    const own: unknown = Reflect.get(process, 'binding');
    atEnd(t, () => void Reflect.set(process, 'binding', own));
    Reflect.set(process, 'binding', () => ({}));
    assert.equal(await isKnownAnew('hidden', t), false);
  });

  it('are unknown in a Node whose sockets give a request to each write: without one it would abort', async t => {
    const own: unknown = Reflect.get(Socket.prototype, '_writeGeneric');
    atEnd(t, () => void Reflect.set(Socket.prototype, '_writeGeneric', own));
    Reflect.set(Socket.prototype, '_writeGeneric', writeWithRequest);
    assert.equal(await isKnownAnew('requests', t), false);
  });
});

function handleOf(t: TestContext): unknown {
  const socket = connect({ host: '127.0.0.1', port: 1 });
  atEnd(t, () => void socket.destroy());
  socket.on('error', () => undefined);
  return Reflect.get(socket, '_handle');
}

/** Loads the module again, so that it looks at Node as it is now. */
async function isKnownAnew(name: string, t: TestContext): Promise<boolean> {
  const file = new URL(`../../../src/dataplane/transport/tcp-handle.ts?${name}`, import.meta.url);
  const module: { isTcpHandle: typeof isTcpHandle } = await import(file.href);
  return module.isTcpHandle(handleOf(t));
}

function writeWithRequest(
  this: { _handle: { writeLatin1String(request: object, data: unknown): void } },
  _isVector: boolean,
  data: unknown,
  _encoding: string,
  done: () => void,
): void {
  this._handle.writeLatin1String({}, data);
  done();
}
