import type { KnownClient } from '../pipeline/ports.ts';
import { alpnProtocols } from '../transport/tls/alpn.ts';
import {
  type Passage,
  ServerHandshake,
  type ServerHandshakeContext,
  type ServerHandshakeListener,
} from '../transport/tls/server-handshake.ts';
import { TlsContexts } from '../transport/tls/tls-contexts.ts';
import { NO_OWNER, type OpenTransport } from '../transport/transport.ts';
import type { EngineParts } from './engine-parts.ts';

/** What is spoken on TLS, by its ALPN name (RFC 7301), the favourite first. */
const PROTOCOLS = ['h2', 'http/1.1'] as const;

/**
 * Where a worker has as many handshakes under way as it may, one that has waited for its client for so long makes place for another:
 * connections that say nothing must not keep out those that do.
 */
const PATIENCE_MS = 1_000;

/** Goes on with a connection. It must be opened within the call. */
export interface TlsGateListener {
  /** @param protocol by its ALPN name; empty for a client without ALPN, which speaks HTTP/1.1 */
  serveTls(open: OpenTransport, known: KnownClient, protocol: string): void;
  /** @param bytes of the ClientHello, and behind it, that have come */
  passThrough(open: OpenTransport, known: KnownClient, to: Passage, bytes: Buffer): void;
  /** Refuses HTTP in clear text. @param bytes the first that came */
  refusePlainHttp(open: OpenTransport, known: KnownClient, bytes: Buffer): void;
}

/** Where the connections of the TLS port pass: each makes its handshake, of which a worker has so many under way at a time. */
export class TlsGate {
  readonly #parts: EngineParts;
  readonly #listener: TlsGateListener;
  readonly #context: ServerHandshakeContext;
  /** The handshakes under way and when each began, the oldest first. */
  readonly #underWay = new Map<ServerHandshake, number>();

  constructor(parts: EngineParts, listener: TlsGateListener) {
    this.#parts = parts;
    this.#listener = listener;
    const { state } = parts.engine;
    this.#context = {
      wheel: parts.wheel,
      buffers: parts.buffers,
      stashes: parts.stashes,
      memory: parts.memory,
      counters: parts.counters,
      tlsHosts: state.tlsHosts,
      tlsContexts: new TlsContexts(() => state.ticketKeys),
      get defaultCertificate() {
        return state.defaultCertificate;
      },
      get rejectsUnknownNames() {
        return state.settings.tlsRejectUnknownSni;
      },
      protocols: alpnProtocols(PROTOCOLS),
    };
  }

  admit(open: OpenTransport, known: KnownClient): void {
    const { clients, clock, counters, settings } = this.#parts;
    if (this.#underWay.size >= settings.tlsHandshakes) {
      counters.add('tlsOverLimit', 1);
      if (!this.#makePlace()) {
        counters.add('handled', 1);
        open(NO_OWNER).destroy();
        return;
      }
    }
    this.#count(1);
    const handshake = new ServerHandshake(this.#context, open, this.#listenerFor(known));
    this.#underWay.set(handshake, clock.monotonic());
    clients.add(handshake);
  }

  /** Ends the oldest handshake where it has waited for long. */
  #makePlace(): boolean {
    const [oldest] = this.#underWay;
    if (oldest === undefined) return false;
    const [handshake, since] = oldest;
    if (this.#parts.clock.monotonic() - since < PATIENCE_MS) return false;
    handshake.destroy();
    return true;
  }

  #listenerFor(known: KnownClient): ServerHandshakeListener {
    let isHandedOn = false;
    return {
      secured: (open, tls, protocol) => {
        isHandedOn = true;
        this.#listener.serveTls(open, { ...known, tls }, protocol);
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
        this.#underWay.delete(handshake);
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
