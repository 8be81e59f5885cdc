import type { SecureContext } from 'node:tls';
import type { ClientCertificatePolicy } from '../../../model/tls-host.ts';
import type { WorkerCounters } from '../../../observe/counters.ts';
import { HANDSHAKE_FAILURES, type HandshakeFailure } from '../../../observe/handshake-failures.ts';
import type { ClientCertificate, TlsSession } from '../../pipeline/known-client.ts';
import type { Indexed } from '../../runtime/indexed-set.ts';
import { type Timed, TimeLimit, type TimerWheel } from '../../runtime/timer-wheel.ts';
import type { ReadBuffers } from '../read-buffers.ts';
import { Stash, type Stashes } from '../stash.ts';
import type { OpenTransport, Transport } from '../transport.ts';
import { type ClientHello, type ClientHelloFault, readClientHello } from './client-hello.ts';
import { failureOf } from './handshake-failure.ts';
import type { HandshakeOutcome } from './handshake-outcome.ts';
import type { HandshakeTerms, Passage, ServerNameTerms } from './server-name-terms.ts';
import { startTls } from './start-tls.ts';
import type { TlsContexts } from './tls-contexts.ts';
import type { HandshakeListener, TlsStart, TlsTransportContext } from './tls-transport.ts';

/** How long a handshake may take, from the first byte to the last. */
const HANDSHAKE_MS = 10_000;

/** What the handshakes of a worker share. */
export interface ServerHandshakeContext extends TlsTransportContext {
  readonly wheel: TimerWheel;
  readonly buffers: ReadBuffers;
  readonly stashes: Stashes;
  readonly counters: WorkerCounters;
  readonly tlsContexts: TlsContexts;
  /** @param serverName in lower case; empty where the client names none */
  readonly termsFor: (serverName: string) => ServerNameTerms;
  /** What is spoken on TLS, the favourite first: each name behind its length. */
  readonly protocols: Buffer;
}

/** What becomes of connections when their handshake is over. Each but the last is called in place of the others, and once. */
export interface ServerHandshakeListener {
  /** Must open the connection within this call. @param protocol by its ALPN name; empty without */
  secured(open: OpenTransport, session: TlsSession, protocol: string): void;
  /** As secured(), where a cluster gets what comes inside of TLS, whatever it is. */
  securedStream(open: OpenTransport, to: Passage): void;
  /** A cluster ends the TLS of the host itself. Must open the connection within this call. @param bytes that have come */
  passedThrough(open: OpenTransport, to: Passage, bytes: Buffer): void;
  /** The client speaks HTTP in clear text. Must open the connection within this call. @param bytes that have come */
  spokePlainHttp(open: OpenTransport, bytes: Buffer): void;
  /** The handshake has ended, in whatever way. */
  handshakeOver(handshake: ServerHandshake): void;
  reportBug(error: unknown): void;
}

/** OpenSSL's words. */
const TOO_LONG = 'certificate chain too long';

/** Alerts of this program's own (RFC 8446 section 6): OpenSSL has not seen a byte by then. */
const DECODE_ERROR = 50;
const INTERNAL_ERROR = 80;
const UNRECOGNIZED_NAME = 112;

/** The handshake of one client: its first message is read whole, then OpenSSL goes on with what the server's name asks for. */
export class ServerHandshake implements HandshakeListener, Timed, Indexed {
  index = 0;
  readonly #context: ServerHandshakeContext;
  readonly #listener: ServerHandshakeListener;
  readonly #limit = new TimeLimit(this);
  /** What has come of the first message. */
  readonly #stash: Stash;
  #transport: Transport;
  #hello: ClientHello | undefined;
  #terms: HandshakeTerms | undefined;
  #isOver = false;

  constructor(context: ServerHandshakeContext, open: OpenTransport, listener: ServerHandshakeListener) {
    this.#context = context;
    this.#listener = listener;
    this.#stash = new Stash(context.stashes);
    this.#transport = open(this);
    context.wheel.set(this.#limit, HANDSHAKE_MS);
    this.#transport.resume();
  }

  /** The engine drains: a handshake is short, and the request behind it is still answered. */
  drain(): void {}

  destroy(): void {
    if (!this.#isOver) this.#end(() => this.#transport.destroy());
  }

  // What its transport calls.

  readBuffer(): Buffer {
    return this.#context.buffers.shared(this.#context.buffers.pieceBytes);
  }

  read(bytes: Buffer, size: number): boolean {
    if (this.#isOver) return true;
    const all = this.#stash.size === 0 ? bytes.subarray(0, size) : this.#stash.append(bytes, size);
    const hello = readClientHello(all, all.length);
    if (hello === undefined) this.#stash.keep(all, 0, all.length);
    else if (typeof hello === 'string') this.#refuse(hello, all);
    else this.#begin(hello, all);
    return true;
  }

  ended(): void {
    this.#failWithin('closed');
  }

  closed(): void {
    this.#failWithin('closed');
  }

  timedOut(): void {
    this.#failWithin('timeout');
  }

  drained(): void {}

  writeFailed(): void {
    this.#failWithin('closed');
  }

  crashed(error: unknown): void {
    this.#listener.reportBug(error);
    this.destroy();
  }

  // What OpenSSL says.

  secured(outcome: HandshakeOutcome): void {
    const { counters } = this.#context;
    const { clientCertificate, stream } = this.#terms as HandshakeTerms;
    const session = this.#sessionOf(outcome);
    if (clientCertificate?.mode === 'valid-only' && session.clientCertificate?.fault !== '') {
      this.#fail('client-certificate');
      return;
    }
    counters.add(session.version === 'TLSv1.3' ? 'tlsHandshakes13' : 'tlsHandshakes12', 1);
    if (session.isResumed) counters.add('tlsResumed', 1);
    if (stream !== undefined) this.#handOn(open => this.#listener.securedStream(open, stream));
    else this.#handOn(open => this.#listener.secured(open, session, outcome.protocol));
  }

  handshakeFailed(code: string): void {
    this.#fail(failureOf(code));
  }

  #refuse(fault: ClientHelloFault, bytes: Buffer): void {
    if (fault === 'plain-http') {
      this.#count(fault);
      this.#handOn(open => this.#listener.spokePlainHttp(open, bytes));
      return;
    }
    if (fault === 'malformed') this.#sendAlert(DECODE_ERROR);
    this.#fail(fault);
  }

  /** Has OpenSSL read the message, and go on. */
  #begin(hello: ClientHello, bytes: Buffer): void {
    this.#hello = hello;
    const terms = this.#context.termsFor(hello.serverName);
    if (terms === 'unknown-name' || terms === 'no-stream') {
      if (terms === 'unknown-name') this.#sendAlert(UNRECOGNIZED_NAME);
      this.#fail('unknown-name');
      return;
    }
    if ('passage' in terms) {
      this.#handOn(open => this.#listener.passedThrough(open, terms.passage, bytes));
      return;
    }
    this.#terms = terms;
    const context = this.#contextFor(terms, hello);
    if (context === undefined) {
      this.#sendAlert(INTERNAL_ERROR);
      this.#fail('certificate');
      return;
    }
    const transport = startTls(this.#transport, this.#startWith(context, terms), this, this.#context);
    this.#transport = transport;
    transport.resume();
    transport.receive(bytes, bytes.length);
    this.#stash.clear();
  }

  #contextFor(
    { certificate, clientCertificate, scope }: HandshakeTerms,
    { offersTls13 }: ClientHello,
  ): SecureContext | undefined {
    if (certificate === undefined) return undefined;
    try {
      return this.#context.tlsContexts.of(certificate, clientCertificate, scope, offersTls13);
    } catch (error) {
      this.#listener.reportBug(error);
      return undefined;
    }
  }

  #startWith(context: SecureContext, { clientCertificate, stream }: HandshakeTerms): TlsStart {
    const wanted = clientCertificate?.mode === 'valid-only' ? 'required' : 'requested';
    return {
      context,
      protocols: stream === undefined ? this.#context.protocols : undefined,
      clientCertificate: clientCertificate === undefined ? 'none' : wanted,
    };
  }

  #sessionOf(outcome: HandshakeOutcome): TlsSession {
    const { clientCertificate, listener } = this.#terms as HandshakeTerms;
    return {
      version: outcome.version,
      cipher: outcome.cipher,
      serverName: this.#hello?.serverName ?? '',
      isResumed: outcome.isResumed,
      clientPolicy: clientCertificate?.policy ?? '',
      clientCertificate: clientCertificate && clientCertificateOf(outcome, clientCertificate),
      listener,
    };
  }

  /** Gives the connection to its next owner. */
  #handOn(take: (open: OpenTransport) => void): void {
    const transport = this.#transport;
    let isTaken = false;
    this.#end(() => {
      take(owner => {
        isTaken = true;
        transport.handOver(owner);
        return transport;
      });
      if (!isTaken) transport.destroy();
    });
  }

  /** A connection that sends nothing at all is a probe, and no failure. */
  #failWithin(failure: HandshakeFailure): void {
    if (this.#stash.size === 0 && this.#hello === undefined) this.destroy();
    else this.#fail(failure);
  }

  #fail(failure: HandshakeFailure): void {
    if (this.#isOver) return;
    this.#count(failure);
    this.destroy();
  }

  #count(failure: HandshakeFailure): void {
    this.#context.counters.add(HANDSHAKE_FAILURES[failure], 1);
  }

  #sendAlert(description: number): void {
    const [alert, fatal] = [21, 2];
    this.#transport.writeText(String.fromCharCode(alert, 3, 3, 0, 2, fatal, description));
  }

  #end(last: () => void): void {
    this.#isOver = true;
    try {
      last();
    } finally {
      this.#context.wheel.remove(this.#limit);
      this.#stash.clear();
      this.#listener.handshakeOver(this);
    }
  }
}

function clientCertificateOf(
  outcome: HandshakeOutcome,
  { mostIntermediates = Number.POSITIVE_INFINITY }: ClientCertificatePolicy,
): ClientCertificate | undefined {
  const { certificate, fault } = outcome;
  if (certificate === undefined) return undefined;
  const isTooLong = fault === '' && Number.isFinite(mostIntermediates) && outcome.intermediates > mostIntermediates;
  return { certificate, fault: isTooLong ? TOO_LONG : fault };
}
