import { connect, type Socket, type TcpSocketConnectOpts } from 'node:net';
import { type Guarded, guarded } from '../runtime/guard.ts';
import type { ClientMemory } from './client-memory.ts';
import { SocketTransport } from './socket-transport.ts';
import { isTcpHandle } from './tcp-handle.ts';
import { TcpTransport } from './tcp-transport.ts';
import type { OpenTransport, Transport, TransportOwner } from './transport.ts';

/** Where a connection leads. */
export type ConnectTarget = Required<Pick<TcpSocketConnectOpts, 'port' | 'host' | 'lookup'>>;

/** What a connection is made for. */
export interface ConnectListener extends Guarded {
  /** It is there. Must be opened within this call. */
  connected(open: OpenTransport): void;
  connectFailed(error: Error): void;
}

/** A connection that is being made. */
export interface ConnectAttempt {
  /** Gives it up; the listener is told nothing more. */
  cancel(): void;
}

/**
 * Connects to a host. Node's own socket does it, because names, address families and errors are its work; the handle is taken
 * from the socket when it is connected.
 */
export function connectTransport(
  { host, port, lookup }: ConnectTarget,
  memory: Pick<ClientMemory, 'kept'>,
  listener: ConnectListener,
): ConnectAttempt {
  const socket = connect({ host, port, lookup, keepAlive: true, allowHalfOpen: true });
  socket.pause();
  let failed: NodeJS.Immediate | undefined;
  const onError = (error: Error): void => {
    cancel();
    // Of servers that end together, the kept connections are then known to be closed: a retry goes to none of them.
    failed = setImmediate(guarded(listener, () => listener.connectFailed(error)));
  };
  const cancel = (): void => {
    clearImmediate(failed);
    socket.off('error', onError);
    socket.on('error', () => undefined);
    socket.destroy();
  };
  socket.once('error', onError);
  socket.once(
    'connect',
    guarded(listener, () => {
      socket.off('error', onError);
      listener.connected(owner => takeOver(socket, owner, memory));
    }),
  );
  return { cancel };
}

function takeOver(socket: Socket, owner: TransportOwner, memory: Pick<ClientMemory, 'kept'>): Transport {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (!isTcpHandle(handle)) return new SocketTransport(socket, owner);
  // Without a handle the socket does nothing more, and is collected.
  Reflect.set(socket, '_handle', null);
  handle.setNoDelay(true);
  return new TcpTransport(handle, owner, memory);
}
