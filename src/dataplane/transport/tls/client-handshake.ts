import { isIP } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { UpstreamTls } from '../../../model/cluster.ts';
import type { Guarded } from '../../runtime/guard.ts';
import type { ConnectAttempt } from '../connect.ts';
import type { ReadBuffers } from '../read-buffers.ts';
import type { OpenTransport, Transport } from '../transport.ts';
import { alpnProtocols } from './alpn.ts';
import type { HandshakeOutcome } from './handshake-outcome.ts';
import { startTls } from './start-tls.ts';
import type { HandshakeListener, TlsTransportContext } from './tls-transport.ts';

/** What the handshakes of a worker with upstreams share. */
export interface ClientHandshakeContext extends TlsTransportContext {
  readonly buffers: ReadBuffers;
}

/** What becomes of a connection when its handshake is over. One of both is called, once, unless it is cancelled before. */
export interface ClientHandshakeListener extends Guarded {
  /** Must open the connection within this call. @param protocol by its ALPN name; empty where the server knows no ALPN */
  secured(open: OpenTransport, protocol: string): void;
  /** @param error with a code: the system's, OpenSSL's, or one that says what is wrong with the certificate */
  handshakeFailed(error: HandshakeError): void;
}

/** Why a connection to an upstream came to nothing. */
export class HandshakeError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const MAX_CONTEXTS = 64;

/** By the CA that they trust; the oldest goes first. */
const contexts = new Map<string, SecureContext>();

/** The handshake with an upstream on a connection that has just been made. Its time limit is its caller's. */
export class ClientHandshake implements HandshakeListener, ConnectAttempt {
  readonly #context: ClientHandshakeContext;
  readonly #tls: UpstreamTls;
  readonly #listener: ClientHandshakeListener;
  #transport: Transport;
  #isOver = false;

  /** @param protocols what may be spoken, by their ALPN names, the favourite first; none: HTTP/1.1, without ALPN */
  constructor(
    context: ClientHandshakeContext,
    open: OpenTransport,
    tls: UpstreamTls,
    protocols: readonly string[],
    listener: ClientHandshakeListener,
  ) {
    this.#context = context;
    this.#tls = tls;
    this.#listener = listener;
    this.#transport = open(this);
    const serverName = isIP(tls.serverName) === 0 ? tls.serverName : '';
    const start = { isServer: false, context: contextFor(tls.ca), protocols: alpnProtocols(protocols), serverName };
    const transport = startTls(this.#transport, start, this, context);
    this.#transport = transport;
    transport.start();
  }

  cancel(): void {
    this.#isOver = true;
    this.#transport.destroy();
  }

  // What its transport calls.

  readBuffer(): Buffer {
    return this.#context.buffers.shared(this.#context.buffers.pieceBytes);
  }

  read(): boolean {
    return true;
  }

  ended(): void {
    this.#fail('ECONNRESET', 'the upstream closed the connection in the handshake');
  }

  closed(code = 'ECONNRESET'): void {
    this.#fail(code, `the connection was lost in the handshake: ${code}`);
  }

  drained(): void {}

  writeFailed(): void {
    this.closed();
  }

  crashed(error: unknown): void {
    this.cancel();
    this.#listener.crashed(error);
  }

  // What OpenSSL says.

  secured(outcome: HandshakeOutcome): void {
    if (this.#isOver) return;
    const fault = this.#tls.isVerified ? this.#faultOf(outcome) : undefined;
    if (fault !== undefined) {
      this.#fail(fault.code, fault.message);
      return;
    }
    this.#isOver = true;
    const transport = this.#transport;
    this.#listener.secured(owner => {
      transport.handOver(owner);
      return transport;
    }, outcome.protocol);
  }

  handshakeFailed(code: string): void {
    this.#fail(code, `the handshake with the upstream failed: ${code}`);
  }

  /** What is wrong with the certificate. */
  #faultOf(outcome: HandshakeOutcome): Pick<HandshakeError, 'code' | 'message'> | undefined {
    const { fault, certificate } = outcome;
    const { serverName } = this.#tls;
    if (fault !== undefined) return { code: fault.code, message: `the certificate of the upstream: ${fault.message}` };
    // RFC 9525 section 6: the names of the certificate count, and not its subject.
    const takes =
      isIP(serverName) === 0
        ? certificate?.checkHost(serverName, { subject: 'never' })
        : certificate?.checkIP(serverName);
    if (takes !== undefined) return undefined;
    return {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      message: `the certificate of the upstream is not for ${serverName}`,
    };
  }

  #fail(code: string, message: string): void {
    if (this.#isOver) return;
    this.cancel();
    this.#listener.handshakeFailed(new HandshakeError(code, message));
  }
}

function contextFor(ca: string | undefined): SecureContext {
  const known = contexts.get(ca ?? '');
  if (known !== undefined) return known;
  const context = createSecureContext({ ...(ca !== undefined && { ca }), minVersion: 'TLSv1.2' });
  contexts.set(ca ?? '', context);
  if (contexts.size > MAX_CONTEXTS) contexts.delete(contexts.keys().next().value as string);
  return context;
}
