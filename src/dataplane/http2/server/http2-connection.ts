import type { FailureReason } from '../../../failures/failures.ts';
import { unmapAddress } from '../../../formats/address-ranges.ts';
import { COUNTER, type WorkerCounters } from '../../../observe/counters.ts';
import { PreparedForwarded } from '../../fields/plain-forwarded.ts';
import type { ClientPort, KnownClient, TlsSession } from '../../pipeline/known-client.ts';
import { guarded } from '../../runtime/guard.ts';
import { type Timed, TimeLimit } from '../../runtime/timer-wheel.ts';
import type { OpenTransport, Transport, TransportOwner } from '../../transport/transport.ts';
import { FrameReader } from '../frame-reader.ts';
import {
  ENHANCE_YOUR_CALM,
  Http2Error,
  INTERNAL_ERROR,
  MAX_INT31,
  NO_ERROR,
  SETTINGS_ENABLE_CONNECT_PROTOCOL,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_CONCURRENT_STREAMS,
  SETTINGS_MAX_HEADER_LIST_SIZE,
  SETTINGS_NO_RFC7540_PRIORITIES,
} from '../frames.ts';
import { Outbox } from '../outbox.ts';
import { ConnectionStreams, type StreamsOwner } from './connection-streams.ts';
import { FrameReceiver, type ReceivingConnection } from './frame-receiver.ts';
import { MAX_HEAD_BYTES, MAX_STREAMS, STREAM_WINDOW } from './limits.ts';
import { RequestHeads, type RequestOpener } from './request-heads.ts';
import { SendLimit } from './send-limit.ts';
import type { EndingConnection, Http2Context } from './server-context.ts';

// The states of a connection, in their order.

/** The client's preface and settings have not come. */
const GREETING = 0;
/** No stream is open. */
const IDLE = 1;
const BUSY = 2;
/** GOAWAY is sent, no stream is open, and nothing more is read. Until the last bytes have gone out. */
const ENDING = 3;
/** FIN is sent; what the client still sends is thrown away. */
const LINGERING = 4;
const CLOSED = 5;

/** An hour, as nginx's keepalive_time; some less or more, so that clients that came together do not leave together. */
const MAX_AGE_MS = 3_600_000;
const AGE_SPREAD = 0.1;

const NO_BYTES: Buffer = Buffer.alloc(0);

/** The PING that tells when the client has seen the first GOAWAY. */
const LAST_CALL = Buffer.from('lastcall');

/** A client's connection that speaks HTTP/2 (RFC 9113), from its preface to its end. */
export class Http2Connection
  implements TransportOwner, Timed, EndingConnection, StreamsOwner, ReceivingConnection, RequestOpener
{
  readonly peer: string;
  readonly tls: TlsSession | undefined;
  readonly port: ClientPort | undefined;
  readonly plainForwarded: PreparedForwarded;
  readonly limit = new TimeLimit(this);
  readonly outbox: Outbox;
  readonly streams: ConnectionStreams;
  readonly takesWebSockets: boolean;
  index = 0;
  /** What the last GOAWAY has said. */
  lastServedId = MAX_INT31;
  readonly #context: Http2Context;
  readonly #transport: Transport;
  readonly #sendLimit: SendLimit;
  readonly #heads: RequestHeads;
  readonly #receiver: FrameReceiver;
  readonly #reader: FrameReader;
  readonly #retireAt: number;
  #state = GREETING;
  #requests = 0;
  /** The first GOAWAY is sent: streams are still served. */
  #hasAnnouncedEnd = false;
  /** The client opens no more streams. */
  #isLeaving = false;
  /** Why the connection must end, once the bytes that are being read are through. */
  #excess = '';
  #isHeadTimed = false;

  constructor(context: Http2Context, open: OpenTransport, { peer, tls, port }: KnownClient) {
    this.#context = context;
    this.tls = tls;
    this.port = port;
    this.#transport = open(this);
    this.peer = peer ?? unmapAddress(this.#transport.peerAddress);
    this.plainForwarded = new PreparedForwarded(this.peer, tls === undefined ? 'http' : 'https');
    this.takesWebSockets = context.settings.upgradeProtocols.includes('websocket');
    this.#retireAt = context.wheel.coarseNow + MAX_AGE_MS * (1 + AGE_SPREAD * (2 * Math.random() - 1));
    this.#sendLimit = new SendLimit(context.limits, this);
    this.outbox = new Outbox(this.#transport, this, context.http2.outboxBuffers, this.#sendLimit);
    this.streams = new ConnectionStreams(context, this);
    this.#heads = new RequestHeads(context, this);
    this.#receiver = new FrameReceiver(this, context.counters, this.#heads);
    this.#reader = new FrameReader(this.#receiver, context.stashes, true);
    const { counters } = context;
    counters.add('handled', 1);
    counters.add('active', 1);
    counters.add('waiting', 1);
    context.limits.head(this.limit);
    sendSettings(this.outbox, this.streams, this.takesWebSockets);
    this.#transport.resume();
  }

  // Its end.

  drain(): void {
    if (this.#state <= BUSY) this.#announceEnd();
  }

  destroy(error = '', reason?: FailureReason): void {
    if (this.#state === CLOSED) return;
    const { counters, limits } = this.#context;
    countState(counters, this.#state, CLOSED);
    this.#state = CLOSED;
    counters.add('active', -1);
    this.streams.abandonAll(reason, error);
    for (const upstream of [...(this.streams.ownUpstreams ?? [])]) upstream.destroy();
    this.#reader.stop();
    this.outbox.discard();
    limits.remove(this.limit);
    this.#sendLimit.remove();
    this.#transport.destroy();
    this.#context.clientGone(this);
  }

  crashed(error: unknown): void {
    this.#context.reportBug(error);
    try {
      this.#close(INTERNAL_ERROR, '');
    } catch {
      // A bug has been reported already.
      this.#transport.destroy();
    }
  }

  timedOut(): void {
    if (this.#state === ENDING && this.#transport.takesSome()) this.#context.limits.ending(this.limit);
    else if (this.#state >= ENDING) this.destroy();
    else if (this.#hasAnnouncedEnd && !this.#isHeadTimed) this.#sayLastId();
    else if (this.#isHeadTimed) this.#close(NO_ERROR, 'client_header_timeout');
    else this.#close(NO_ERROR, '');
  }

  /** RFC 9113 section 6.8: requests that are on their way are still served. The client's PING says when none can be. */
  #announceEnd(): void {
    if (this.#hasAnnouncedEnd) return;
    this.#hasAnnouncedEnd = true;
    this.outbox.goaway(MAX_INT31, NO_ERROR);
    this.outbox.ping(LAST_CALL);
    if (this.#state !== GREETING) this.#context.limits.idle(this.limit, true);
  }

  /** No request after the last one that has come is served. */
  #sayLastId(): void {
    if (this.lastServedId !== MAX_INT31) return;
    this.lastServedId = this.streams.lastId;
    if (this.streams.size === 0) {
      this.#close(NO_ERROR, '');
    } else {
      this.outbox.goaway(this.lastServedId, NO_ERROR);
      this.#context.limits.none(this.limit);
    }
  }

  /** Ends the connection with GOAWAY, when what was written has gone out. @param reason for the client's log */
  #close(code: number, reason: string): void {
    if (this.#state >= ENDING) return;
    countState(this.#context.counters, this.#state, ENDING);
    this.#state = ENDING;
    this.streams.abandonAll(undefined, '');
    this.#reader.stop();
    this.outbox.goaway(Math.min(this.streams.lastId, this.lastServedId), code, reason);
    this.outbox.writeOut();
    this.#sendLimit.remove();
    this.#context.limits.ending(this.limit);
    this.#transport.end(() => this.#finSent());
    this.#transport.resume();
  }

  #finSent(): void {
    if (this.#state !== ENDING) return;
    this.#state = LINGERING;
    this.#context.limits.lingering(this.limit);
  }

  #fail(error: Http2Error): void {
    this.#context.counters.addTo(COUNTER.http2ProtocolErrors, 1);
    this.#close(error.code, error.message);
  }

  // What the frames say.

  greeted(): void {
    if (this.#state !== GREETING) return;
    this.#state = IDLE;
    if (!this.#isHeadTimed) this.#rest();
  }

  pingAcknowledged(): void {
    if (this.#hasAnnouncedEnd) this.#sayLastId();
  }

  clientLeaves(): void {
    this.#isLeaving = true;
  }

  requestBegins(): void {
    const { settings, wheel, limits, counters } = this.#context;
    if (this.#state !== BUSY) {
      countState(counters, this.#state, BUSY);
      this.#state = BUSY;
      if (!this.#hasAnnouncedEnd) limits.none(this.limit);
    }
    this.#requests += 1;
    const isOld = this.#requests >= settings.keepaliveRequests || wheel.coarseNow >= this.#retireAt;
    if (isOld || settings.keepaliveTimeout === 0) this.#announceEnd();
  }

  // What its streams say.

  takesSome(): boolean {
    return this.#transport.takesSome();
  }

  tooMuch(reason: string): void {
    if (this.#excess !== '') return;
    this.#excess = reason;
    // It may show by what its upstreams answer, and nothing more may come from the client.
    setImmediate(guarded(this, () => this.read(NO_BYTES, 0)));
  }

  streamsEnded(): void {
    if (this.#state !== BUSY) return;
    countState(this.#context.counters, this.#state, IDLE);
    this.#state = IDLE;
    this.#rest();
  }

  /** No stream is open: the connection waits for the next one, or ends. */
  #rest(): void {
    if (this.lastServedId !== MAX_INT31 || this.#isLeaving) this.#close(NO_ERROR, '');
    else if (!this.#hasAnnouncedEnd) this.#context.limits.idle(this.limit, this.#context.isDraining);
  }

  // What its transport calls.

  readBuffer(): Buffer {
    return this.#context.buffers.shared(this.#context.buffers.pieceBytes);
  }

  read(bytes: Buffer, size: number): boolean {
    if (this.#state >= ENDING) return true;
    this.#heads.openedNow = 0;
    try {
      this.#reader.read(bytes, size);
      this.#judge();
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#fail(error);
    }
    return true;
  }

  /** FIN: a client that gives up does that. */
  ended(): void {
    // What was written before the end still goes out.
    if (this.#state !== ENDING) this.destroy();
  }

  closed(error = ''): void {
    this.destroy(error);
  }

  writeFailed(): void {
    this.destroy();
  }

  drained(): void {
    if (this.#state >= ENDING) return;
    this.outbox.drained();
    this.streams.drained();
  }

  /** All bytes of a read are through. */
  #judge(): void {
    if (this.outbox.isFlooded) this.#excess ||= 'has its frames answered and does not read the answers';
    if (this.#excess !== '') throw new Http2Error(ENHANCE_YOUR_CALM, this.#excess);
    this.streams.send();
    if (this.#isLeaving && this.#state === IDLE) this.#close(NO_ERROR, '');
    else this.#timeHead();
  }

  /** A client that has begun a frame or a header block must finish it. A body has the limit of its stream. */
  #timeHead(): void {
    const isMidway = this.#reader.isMidway && this.#receiver.isControl;
    if (this.#state === GREETING || isMidway === this.#isHeadTimed) return;
    this.#isHeadTimed = isMidway;
    const { limits } = this.#context;
    if (isMidway) limits.head(this.limit);
    else if (this.#hasAnnouncedEnd && this.lastServedId === MAX_INT31) limits.idle(this.limit, true);
    else if (this.#state === BUSY) limits.none(this.limit);
    else this.#rest();
  }
}

function sendSettings(outbox: Outbox, streams: ConnectionStreams, takesWebSockets: boolean): void {
  outbox.settings([
    [SETTINGS_MAX_CONCURRENT_STREAMS, MAX_STREAMS],
    [SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW],
    [SETTINGS_MAX_HEADER_LIST_SIZE, MAX_HEAD_BYTES],
    [SETTINGS_ENABLE_CONNECT_PROTOCOL, takesWebSockets ? 1 : 0],
    [SETTINGS_NO_RFC7540_PRIORITIES, 1],
  ]);
  FrameReceiver.openWindow(streams);
}

/** The metrics know only two kinds of open connections: those that serve a request, and those that wait for one. */
function countState(counters: WorkerCounters, from: number, to: number): void {
  counters.addTo(from === BUSY ? COUNTER.writing : COUNTER.waiting, -1);
  if (to !== CLOSED) counters.addTo(to === BUSY ? COUNTER.writing : COUNTER.waiting, 1);
}
