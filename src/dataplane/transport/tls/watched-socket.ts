import type { TLSSocket } from 'node:tls';
import { isTcpHandle, type TcpHandle } from '../tcp-handle.ts';
import { type Excess, type RecordFloods, TLS_FLOOD, type WatchedSession } from './record-floods.ts';

/** A connection with TLS that Node's own socket drives. */
class WatchedSocket implements WatchedSession {
  index = 0;
  excess: Excess | undefined;
  readonly tcp: TcpHandle;
  readonly tls: Pick<TcpHandle, 'bytesRead'>;
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket, tcp: TcpHandle, tls: Pick<TcpHandle, 'bytesRead'>) {
    this.#socket = socket;
    this.tcp = tcp;
    this.tls = tls;
  }

  flooded(): void {
    this.#socket.destroy(Object.assign(new Error('records that bring nothing'), { code: TLS_FLOOD }));
  }
}

/** Has a socket's connection ended where its records bring nothing. Where this Node's handles are not known, it is not watched. */
export function watchSocket(socket: TLSSocket, floods: RecordFloods): void {
  const tls: unknown = Reflect.get(socket, '_handle');
  if (typeof tls !== 'object' || tls === null || !('_parent' in tls) || !isTcpHandle(tls._parent)) return;
  if (!('bytesRead' in tls) || typeof tls.bytesRead !== 'number') return;
  const session = new WatchedSocket(socket, tls._parent, tls as Pick<TcpHandle, 'bytesRead'>);
  floods.watch(session);
  socket.once('close', () => floods.forget(session));
}
