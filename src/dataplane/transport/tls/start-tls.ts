import { TcpTransport } from '../tcp-transport.ts';
import type { Transport } from '../transport.ts';
import { type HandshakeListener, type TlsStart, TlsTransport, type TlsTransportContext } from './tls-transport.ts';

/** Begins TLS on a connection whose owner has read what comes before it. The connection is driven by the one returned. */
export function startTls(
  transport: Transport,
  start: TlsStart,
  listener: HandshakeListener,
  context: TlsTransportContext,
): TlsTransport {
  if (!(transport instanceof TcpTransport)) throw new Error('TLS needs a TCP handle');
  return new TlsTransport(transport.detach(), start, listener, context);
}
