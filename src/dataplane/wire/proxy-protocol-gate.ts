import { ExchangeRecord } from '../pipeline/exchange-record.ts';
import type { KnownClient } from '../pipeline/known-client.ts';
import { NO_HEADER, type ProxyFault } from '../transport/proxy-protocol/proxy-header.ts';
import { type ProxyHeaderListener, ProxyHeaderReader } from '../transport/proxy-protocol/proxy-header-reader.ts';
import type { OpenTransport } from '../transport/transport.ts';
import type { EngineParts } from './engine-parts.ts';

/** Goes on with a connection. It must be opened within the call. */
export type Serve = (open: OpenTransport, known: KnownClient) => void;

/**
 * Where the accepted connections of a listener pass while `--proxy-protocol` names peers: those of these peers must begin with
 * a header, and a client's address is then the one in it. For the others, the bytes of a header are no request.
 */
export class ProxyProtocolGate implements ProxyHeaderListener {
  readonly #parts: EngineParts;
  readonly #serve: Serve;
  readonly #known: KnownClient;

  /** @param known of each client of the listener */
  constructor(parts: EngineParts, serve: Serve, known: KnownClient) {
    this.#parts = parts;
    this.#serve = serve;
    this.#known = known;
  }

  admit(open: OpenTransport): void {
    const { clients, counters, proxyPeers } = this.#parts;
    const reader = new ProxyHeaderReader(this.#parts, open, this);
    const peer = reader.peerAddress;
    if (peer !== '' && !proxyPeers.has(peer)) {
      reader.skip();
      return;
    }
    clients.add(reader);
    counters.add('active', 1);
    counters.add('reading', 1);
    if (peer !== '') reader.start();
    // It was reset before it could be asked for its address, and what it sent must not pass as another peer's request.
    else reader.destroy();
  }

  headerRead(open: OpenTransport, source: string | undefined): void {
    this.#serve(open, { ...this.#known, peer: source });
  }

  headerFailed(peer: string, fault: ProxyFault | undefined): void {
    if (fault === undefined) return;
    const traffic = { client: { peer, tls: undefined }, receivedBytes: 0, sentBytes: 0, sentBodyBytes: 0 };
    const record = new ExchangeRecord(this.#parts.engine, traffic);
    record.beginUnread('');
    record.fail(fault === NO_HEADER ? 'proxy_header_missing' : 'proxy_header_malformed', fault);
    record.write(undefined);
  }

  readerOver(reader: ProxyHeaderReader, isHandedOver: boolean): void {
    const { counters } = this.#parts;
    // What is handed over is counted as handled by what takes it.
    if (!isHandedOver) counters.add('handled', 1);
    counters.add('active', -1);
    counters.add('reading', -1);
    this.#parts.clientGone(reader);
  }

  reportBug(error: unknown): void {
    this.#parts.reportBug(error);
  }
}
