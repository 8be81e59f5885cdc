import { isIP } from 'node:net';
import { connect, createSecureContext, type SecureContext } from 'node:tls';
import { systemAuthorities } from '../../../formats/authorities.ts';
import { identityFault } from '../../../formats/server-identity.ts';
import type { Certificate } from '../../../model/certificate.ts';
import type { UpstreamTls } from '../../../model/cluster.ts';
import { guarded } from '../../runtime/guard.ts';
import type { ConnectAttempt, ConnectListener, ConnectTarget } from '../connect.ts';
import { SocketTransport } from '../socket-transport.ts';
import type { RecordFloods } from './record-floods.ts';
import { watchSocket } from './watched-socket.ts';

/** What a connection with TLS is made for. */
export interface TlsConnectListener extends ConnectListener {
  /** The connection was there, and its handshake has failed. */
  handshakeFailed(error: Error): void;
}

/** What of a handshake the next one to the same servers begins with, so that it costs less. */
export interface TlsClientSession {
  readonly context: SecureContext;
  ticket: Buffer | undefined;
}

/** For servers that are trusted alike. */
export function tlsClientSession({ ca, clientCertificate }: UpstreamTls): TlsClientSession {
  const isPlain = ca === undefined && clientCertificate === undefined;
  const context = isPlain ? contextOfSystem() : contextFor(ca ?? systemAuthorities(), clientCertificate);
  return { context, ticket: undefined };
}

/** It has more than a hundred authorities, and takes long to make. */
let ofSystem: SecureContext | undefined;

function contextOfSystem(): SecureContext {
  ofSystem ??= contextFor(systemAuthorities());
  return ofSystem;
}

function contextFor(ca: string | string[], own?: Certificate): SecureContext {
  return createSecureContext({
    ca,
    minVersion: 'TLSv1.2',
    ...(own && { cert: own.chain.toString(), key: own.key.reveal() }),
  });
}

/**
 * Connects to a host, and makes the TLS handshake. What is spoken must be the protocol given.
 * @param protocol as ALPN names it; undefined: the server is not told
 */
export function connectTls(
  { host, port, lookup }: ConnectTarget,
  tls: UpstreamTls,
  protocol: 'h2' | 'http/1.1' | undefined,
  session: TlsClientSession,
  floods: RecordFloods,
  listener: TlsConnectListener,
): ConnectAttempt {
  const { serverName, isVerified } = tls;
  let isConnected = false;
  const socket = connect({
    host,
    port,
    lookup,
    // RFC 6066 section 3: an address is no server name.
    servername: isIP(serverName) === 0 ? serverName : '',
    ...(protocol !== undefined && { ALPNProtocols: [protocol] }),
    secureContext: session.context,
    session: session.ticket,
    rejectUnauthorized: isVerified,
    checkServerIdentity: (_, certificate) => identityFault(tls, certificate),
  });
  socket.setKeepAlive(true);
  const fail = (error: Error): void => {
    if (isConnected) listener.handshakeFailed(error);
    else listener.connectFailed(error);
  };
  let failed: NodeJS.Immediate | undefined;
  const onError = (error: Error): void => {
    cancel();
    // As in connect.ts: which servers have ended at the same moment is known then.
    failed = setImmediate(guarded(listener, () => fail(error)));
  };
  const cancel = (): void => {
    clearImmediate(failed);
    socket.off('error', onError);
    socket.on('error', () => undefined);
    socket.destroy();
  };
  socket.once('error', onError);
  socket.once('connect', () => {
    isConnected = true;
  });
  socket.on('session', ticket => {
    session.ticket = ticket;
  });
  socket.once(
    'secureConnect',
    guarded(listener, () => {
      // A server without ALPN speaks HTTP/1.1.
      if (protocol === 'h2' && socket.alpnProtocol !== 'h2') {
        onError(Object.assign(new Error('HTTP/2 was not agreed on'), { code: 'ERR_SSL_NO_APPLICATION_PROTOCOL' }));
        return;
      }
      socket.off('error', onError);
      socket.pause();
      watchSocket(socket, floods);
      listener.connected(owner => new SocketTransport(socket, owner));
    }),
  );
  return { cancel };
}
