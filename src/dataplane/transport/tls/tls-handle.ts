/**
 * The parts of Node's TLS handle that are used without a `TLSSocket`: the object between a TCP handle and what reads and writes
 * clear text. A socket around it would cost several kilobytes for each connection, and a tenth of a handshake. As with TCP
 * handles, this Node is tried first: one of its sockets must call the handle in exactly the way that is known here.
 */
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { nodeBinding } from '../node-binding.ts';
import { isTcpHandle, TCP_INTERNALS, type TcpHandle } from '../tcp-handle.ts';

/** Called by the handle, in the middle of OpenSSL's work: it must not be destroyed or written within. */
export interface TlsHandle extends TcpHandle {
  /** Serves what the handle does not do itself, such as {@link TcpHandle.getpeername}. */
  _parent: TcpHandle;
  onhandshakedone: (this: TlsHandle) => void;
  onerror: (this: TlsHandle, error: unknown) => void;
  /** Takes bytes as if they had just been read from the connection. */
  receive(bytes: Uint8Array): void;
  /** @param protocols each behind its length, in one byte */
  setALPNProtocols(protocols: Buffer): void;
  /** @param isRejected OpenSSL ends the handshake where there is no certificate. One that does not count is never its matter: Node takes all */
  setVerifyMode(isRequested: boolean, isRejected: boolean): void;
  getProtocol(): string | null;
  getCipher(): { readonly name: string };
  getALPNNegotiatedProtocol(): string | false | undefined;
  isSessionReused(): boolean;
  /** Why the peer's certificate does not count; null for one that does. */
  verifyError(): Error | null | undefined;
  /** @param isDetailed with those that have signed it */
  getPeerCertificate(isDetailed: boolean): PeerCertificate | undefined;
  /** Never in the middle of OpenSSL's work: it frees what OpenSSL works on. */
  destroySSL(): void;
}

interface PeerCertificate {
  readonly raw?: Buffer;
  /** A root is its own. */
  readonly issuerCertificate?: PeerCertificate;
}

interface TlsBinding {
  wrap(handle: object, context: unknown, isServer: boolean, hasActiveWrite: boolean): TlsHandle;
  readonly TLSWrap: { readonly prototype: object };
}

const METHODS = [
  'useUserBuffer',
  'readStart',
  'readStop',
  'writeLatin1String',
  'writeBuffer',
  'shutdown',
  'receive',
  'setALPNProtocols',
  'setVerifyMode',
  'getProtocol',
  'getCipher',
  'getALPNNegotiatedProtocol',
  'isSessionReused',
  'verifyError',
  'getPeerCertificate',
  'destroySSL',
] as const;

const binding = probe();

/** Whether this Node's TLS handles can be driven without a socket. */
export const HAS_TLS_HANDLES: boolean = binding !== undefined;

/** Puts the server's side of TLS on a connected TCP handle. Only where {@link HAS_TLS_HANDLES}. */
export function wrapTls(tcp: TcpHandle, context: SecureContext): TlsHandle {
  const handle = (binding as TlsBinding).wrap(tcp, context.context, true, false);
  handle._parent = tcp;
  return handle;
}

function probe(): TlsBinding | undefined {
  try {
    if (TCP_INTERNALS === undefined) return undefined;
    const found = tlsBinding();
    return found !== undefined && isAsExpected(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function tlsBinding(): TlsBinding | undefined {
  const found = nodeBinding('tls_wrap');
  return isTlsBinding(found) ? found : undefined;
}

function isTlsBinding(found: unknown): found is TlsBinding {
  if (typeof found !== 'object' || found === null || !('wrap' in found) || !('TLSWrap' in found)) return false;
  if (typeof found.wrap !== 'function' || typeof found.TLSWrap !== 'function') return false;
  const prototype: unknown = found.TLSWrap.prototype;
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    METHODS.every(name => typeof Reflect.get(prototype, name) === 'function')
  );
}

/** Whether a TLS socket of this Node uses a handle as this program does: for a moment, it gets one that only records. */
function isAsExpected(found: TlsBinding): boolean {
  const calls: unknown[] = [];
  const note =
    (name: string) =>
    (...args: unknown[]): number => {
      calls.push(name, ...args);
      return 0;
    };
  const handle = {
    useUserBuffer: note('useUserBuffer'),
    readStart: () => 0,
    readStop: () => 0,
    writeLatin1String: note('writeLatin1String'),
    writeBuffer: note('writeBuffer'),
    setVerifyMode: note('setVerifyMode'),
    setALPNProtocols: (protocols: Buffer) => note('setALPNProtocols')(protocols.toString('latin1')),
    close: () => undefined,
    destroySSL: () => undefined,
  };
  const { wrap } = found;
  const secureContext = createSecureContext({ ca: [] });
  const [first, bytes] = [Buffer.alloc(1), Buffer.alloc(1)];
  let socket: TLSSocket | undefined;
  /** What Node made for it: closing it is the recorder's business now. */
  let tcp: TcpHandle | undefined;
  try {
    found.wrap = (parent, ...args) => {
      if (isTcpHandle(parent)) tcp = parent;
      note('wrap')(tcp !== undefined, ...args);
      return handle as unknown as TlsHandle;
    };
    socket = openProbe({
      isServer: true,
      secureContext,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ['a'],
      onread: { buffer: first, callback: () => true },
    });
    socket.on('error', () => undefined);
    Reflect.set(socket, 'connecting', false);
    socket.write('text', 'latin1');
    socket.write(bytes);
  } finally {
    found.wrap = wrap;
    socket?.destroy();
    tcp?.close();
  }
  const expected = [
    ...['wrap', true, secureContext.context, true, false],
    ...['useUserBuffer', first],
    ...['setVerifyMode', true, false],
    ...['setALPNProtocols', '\u0001a'],
    ...['writeLatin1String', null, 'text'],
    ...['writeBuffer', null, bytes],
  ];
  const hasCallbacks = ['onhandshakedone', 'onerror'].every(name => typeof Reflect.get(handle, name) === 'function');
  return hasCallbacks && calls.length === expected.length && calls.every((call, index) => call === expected[index]);
}

/** A socket that makes its own handle. Node takes options here that its types leave to `tls.connect()`. */
function openProbe(options: object): TLSSocket {
  return Reflect.construct(TLSSocket, [null, options]) as TLSSocket;
}
