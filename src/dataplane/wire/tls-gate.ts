import type { KnownClient } from '../pipeline/known-client.ts';
import {
  ServerHandshake,
  type ServerHandshakeContext,
  type ServerHandshakeListener,
} from '../transport/tls/server-handshake.ts';
import type { Passage } from '../transport/tls/server-name-terms.ts';
import { NO_OWNER, type OpenTransport } from '../transport/transport.ts';
import type { EngineParts } from './engine-parts.ts';
import { HandshakeLine, type HandshakePlaces } from './handshake-places.ts';

/** Goes on with a connection. It must be opened within the call. */
export interface TlsGateListener {
  /** @param protocol by its ALPN name; empty for a client without ALPN, which speaks HTTP/1.1 */
  serveTls(open: OpenTransport, known: KnownClient, protocol: string): void;
  /** A cluster gets the bytes. @param bytes of the ClientHello, and behind it, that have come; undefined where TLS has ended here */
  passThrough(open: OpenTransport, known: KnownClient, to: Passage, bytes: Buffer | undefined): void;
  /** Refuses HTTP in clear text. @param bytes the first that came */
  refusePlainHttp(open: OpenTransport, known: KnownClient, bytes: Buffer): void;
}

/** Where the connections of a port with TLS pass: each makes its handshake, of which a worker has so many under way at a time. */
export class TlsGate {
  readonly #parts: EngineParts;
  readonly #listener: TlsGateListener;
  readonly #context: ServerHandshakeContext;
  readonly #places: HandshakePlaces;
  readonly #line = new HandshakeLine();

  constructor(
    parts: EngineParts,
    places: HandshakePlaces,
    context: Pick<ServerHandshakeContext, 'tlsContexts' | 'termsFor' | 'protocols'>,
    listener: TlsGateListener,
  ) {
    this.#parts = parts;
    this.#places = places;
    this.#listener = listener;
    const { wheel, buffers, stashes, memory, floods, counters } = parts;
    this.#context = { wheel, buffers, stashes, memory, floods, counters, ...context };
  }

  admit(open: OpenTransport, known: KnownClient): void {
    const { clients, counters } = this.#parts;
    if (this.#places.areTaken) {
      counters.add('tlsOverLimit', 1);
      if (!this.#places.makePlace(this.#line)) {
        counters.add('handled', 1);
        open(NO_OWNER).destroy();
        return;
      }
    }
    this.#count(1);
    const handshake = new ServerHandshake(this.#context, open, this.#listenerFor(known));
    this.#places.take(this.#line, handshake);
    clients.add(handshake);
  }

  #listenerFor(known: KnownClient): ServerHandshakeListener {
    let isHandedOn = false;
    return {
      secured: (open, tls, protocol) => {
        isHandedOn = true;
        this.#listener.serveTls(open, { ...known, tls }, protocol);
      },
      securedStream: (open, to) => {
        isHandedOn = true;
        this.#listener.passThrough(open, known, to, undefined);
      },
      passedThrough: (open, to, bytes) => {
        isHandedOn = true;
        this.#listener.passThrough(open, known, to, bytes);
      },
      spokePlainHttp: (open, bytes) => {
        isHandedOn = true;
        this.#listener.refusePlainHttp(open, known, bytes);
      },
      handshakeOver: handshake => {
        // What is handed on is counted as handled by what takes it.
        if (!isHandedOn) this.#parts.counters.add('handled', 1);
        this.#count(-1);
        this.#places.giveBack(this.#line, handshake);
        this.#parts.clientGone(handshake);
      },
      reportBug: error => this.#parts.reportBug(error),
    };
  }

  #count(change: 1 | -1): void {
    const { counters } = this.#parts;
    counters.add('tlsHandshaking', change);
    counters.add('active', change);
    counters.add('reading', change);
  }
}
