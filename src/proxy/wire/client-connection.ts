import type { Socket } from 'node:net';
import { unmapAddress } from '../../formats/address-ranges.ts';
import { parseHost } from '../../routing/host.ts';
import type { Route } from '../../routing/route.ts';
import { parseTarget, type RequestTarget } from '../../routing/target.ts';
import type { Settings } from '../../settings/schema.ts';
import { FAILURES, type FailureCode } from '../failure.ts';
import { requestIdOf } from '../request-id.ts';
import { mayRetryStale } from '../retry.ts';
import { allowedUpgrade } from '../upgrade.ts';
import { ChunkedBody } from './chunked-body.ts';
import { composeRequest, plainForwarded } from './compose-request.ts';
import { composeError, composeInterim, composeResponse, composeSwitch } from './compose-response.ts';
import { ExchangeRecord } from './exchange-record.ts';
import { EXPECT, UPGRADE, X_REQUEST_ID } from './header-names.ts';
import { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';
import { Timed } from './timer-wheel.ts';
import { asChunk, type UpstreamConnection } from './upstream-connection.ts';
import type { ConnectionSeeker } from './upstream-pools.ts';
import type { Wire } from './wire.ts';

/** Between requests, or before the first byte of the first. */
const IDLE = 0;
/** Part of a head has come. */
const READING = 1;
/** From a complete head to the end of request and response. */
const BUSY = 2;
const TUNNEL = 3;
/** FIN is sent; what the client still sends is thrown away. */
const LINGERING = 4;
const CLOSED = 5;

/** How long a client is listened to after its last response, so that it can read it before the connection is reset. */
const LINGERING_MS = 5_000;
/** Up to here a body is joined to its head in one text, and one system call sends both. */
const MAX_JOINED_BYTES = 16 * 1024;

const target: RequestTarget = { path: '', query: '', host: '' };

/** A client's connection: a state machine that reads requests, one after the other, and writes their answers. */
export class ClientConnection extends Timed implements ConnectionSeeker {
  readonly #wire: Wire;
  readonly #socket: Socket;
  readonly #peer: string;
  readonly #plainForwarded: string;
  readonly #record: ExchangeRecord;
  #state = IDLE;
  /** Bytes that cannot be read yet: a part of a head, a pipelined request, a body that waits for its upstream. */
  #stash: Buffer | undefined;
  #isConsuming = false;
  #requests = 0;
  /** The request under way is the last. */
  #isLast = false;
  #rawHost = '';
  #host: string | undefined = '';

  // The exchange under way.
  #head: RequestHead | undefined;
  #settings: Settings;
  #route: Route | undefined;
  #upstream: UpstreamConnection | undefined;
  #upstreamHead = '';
  #isConnecting = false;
  #attempts = 0;
  #upgrade: string | undefined;
  /** Body bytes still to come; -1 for a chunked body under way. */
  #bodyRemaining = 0;
  #bodyBytes = 0;
  #bodyLimit = 0;
  #chunked: ChunkedBody | undefined;
  #isAnswered = false;
  isHeadRequest = false;

  constructor(wire: Wire, socket: Socket) {
    super();
    this.#wire = wire;
    this.#socket = socket;
    this.#settings = wire.context.state.settings;
    this.#peer = unmapAddress(socket.remoteAddress ?? '');
    this.#plainForwarded = plainForwarded(this.#peer);
    this.#record = new ExchangeRecord(wire.context, this.#peer);
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.#ended());
    socket.on('error', () => this.destroy());
    socket.on('close', () => this.destroy());
    const { counters } = wire.context;
    counters.add('handled', 1);
    counters.add('active', 1);
    counters.add('waiting', 1);
    wire.wheel.set(this, this.#settings.clientHeaderTimeout);
  }

  // What the engine asks of it.

  /** The engine drains: an idle connection ends now, a busy one after its answer. */
  drain(): void {
    if (this.#state === IDLE) this.destroy();
  }

  destroy(): void {
    if (this.#state === CLOSED) return;
    const { counters } = this.#wire.context;
    if (this.#state === BUSY || this.#state === TUNNEL) this.#abandon();
    counters.add(this.#state === IDLE ? 'waiting' : this.#state === READING ? 'reading' : 'writing', -1);
    counters.add('active', -1);
    this.#state = CLOSED;
    this.#releaseHead();
    this.#stash = undefined;
    this.#wire.wheel.remove(this);
    this.#socket.destroy();
    this.#wire.clientGone(this);
  }

  override timedOut(): void {
    switch (this.#state) {
      case READING:
        this.#reject('CLIENT_TIMEOUT');
        break;
      case BUSY:
        // Either the client does not read, or it does not send.
        if (this.#socket.writableNeedDrain || this.#isAnswered) this.destroy();
        else this.fail('CLIENT_TIMEOUT');
        break;
      default:
        this.destroy();
    }
  }

  // Bytes from the client.

  #received(chunk: Buffer): void {
    this.#record.requestBytes += chunk.length;
    if (this.#state === TUNNEL) {
      this.#touchTunnel();
      if (this.#upstream?.writeBytes(chunk) === false) this.#socket.pause();
      return;
    }
    if (this.#state >= LINGERING) return;
    const stash = this.#stash;
    this.#stash = undefined;
    this.#consume(stash === undefined ? chunk : Buffer.concat([stash, chunk]));
  }

  /** Reads as many requests as it can. What it cannot read yet is kept. */
  #consume(bytes: Buffer): void {
    this.#isConsuming = true;
    const end = bytes.length;
    let at = 0;
    while (at < end && this.#state < LINGERING && this.#state !== TUNNEL) {
      if (this.#state === BUSY) {
        if (this.#bodyRemaining === 0 || this.#isConnecting) {
          // A request behind another, or a body before its upstream: not to be read on, or memory would be the limit.
          this.#stash = at === 0 ? bytes : bytes.subarray(at);
          this.#socket.pause();
          break;
        }
        at = this.#readBody(bytes, at, end, '');
        continue;
      }
      if (this.#state === IDLE) this.#beginHead();
      const head = this.#head as RequestHead;
      const outcome = head.read(bytes, at, end);
      if (outcome === false) {
        this.#stash = at === 0 ? bytes : bytes.subarray(at);
        break;
      }
      if (outcome !== true) {
        this.#reject(outcome, bytes.toString('latin1', at, Math.min(end, at + 8192)));
        break;
      }
      at = this.#beginRequest(head, bytes, at + head.length, end);
    }
    this.#isConsuming = false;
  }

  #beginHead(): void {
    const { context, wheel, spareHeads } = this.#wire;
    this.#settings = context.state.settings;
    this.#setState(READING);
    context.counters.add('requests', 1);
    const head = spareHeads.pop() ?? new RequestHead();
    head.reset();
    head.keepsUnderscores = this.#settings.underscoresInHeaders;
    this.#head = head;
    wheel.set(this, this.#settings.clientHeaderTimeout);
  }

  /** A head is complete. @returns the place after the bytes that were used */
  #beginRequest(head: RequestHead, bytes: Buffer, bodyStart: number, end: number): number {
    this.#setState(BUSY);
    this.#requests += 1;
    this.#isAnswered = false;
    this.#attempts = 0;
    this.#bodyBytes = 0;
    this.#upgrade = undefined;
    this.#route = undefined;
    this.isHeadRequest = head.method === 'HEAD';
    this.#bodyRemaining = head.isChunked ? -1 : Math.max(0, head.contentLength);
    if (head.isChunked) {
      this.#chunked ??= new ChunkedBody();
      this.#chunked.reset();
    }
    this.#record.begin(requestIdOf(head.value(X_REQUEST_ID)));
    const failure = this.#judge(head);
    if (failure !== undefined) {
      this.fail(failure);
      return bodyStart;
    }
    this.#send(false);
    // An error is answered by now, or the connection is on its way: the body then waits.
    const upstream = this.#upstream;
    if (upstream === undefined) {
      if (this.#bodyRemaining !== 0) this.#awaitBody();
      else this.#wire.wheel.clear(this);
      return bodyStart;
    }
    return this.#sendHead(upstream, bytes, bodyStart, end);
  }

  /** Finds the route. @returns why the request must be refused */
  #judge(head: RequestHead): FailureCode | undefined {
    const { table } = this.#wire.context.state;
    const rawHost = head.host;
    if (rawHost !== this.#rawHost || this.#host === undefined) {
      this.#rawHost = rawHost;
      this.#host = rawHost === '' ? '' : parseHost(rawHost);
    }
    this.#record.host = this.#host ?? '';
    if (this.#host === undefined || (rawHost === '' && head.minorVersion === 1)) return 'BAD_REQUEST';
    if (head.method === 'CONNECT' || head.method === 'TRACE') return 'METHOD_NOT_ALLOWED';
    if (!parseTarget(head.target, this.#settings.mergeSlashes, target)) return 'BAD_REQUEST';
    if (table === undefined) return 'NO_TABLE';
    const route = table.match(target.host || this.#host, target.path);
    if (route === undefined) return 'NO_ROUTE';
    this.#route = route;
    this.#record.route = route;
    this.#bodyLimit = route.overrides.maxBodySize ?? this.#settings.clientMaxBodySize;
    if (this.#bodyLimit > 0 && head.contentLength > this.#bodyLimit) return 'BODY_TOO_LARGE';
    if (head.saysUpgrade && head.minorVersion === 1 && this.#bodyRemaining === 0) {
      this.#upgrade = allowedUpgrade(
        head.has(UPGRADE) ? head.value(UPGRADE) : undefined,
        this.#settings.upgradeProtocols,
      );
    }
    return undefined;
  }

  /** Takes a connection to the upstream, or begins to make one. */
  #send(fresh: boolean): void {
    const { pools, roundRobin } = this.#wire;
    const head = this.#head;
    const route = this.#route;
    const endpoints = route && roundRobin.next(route.backend);
    if (head === undefined || route === undefined || endpoints === undefined) {
      this.fail('NO_ENDPOINT');
      return;
    }
    this.#attempts += 1;
    const [endpoint] = endpoints;
    this.#record.upstreamAsked(endpoint);
    if (!fresh) {
      this.#upstreamHead = composeRequest(this.#wire, {
        head,
        route,
        target,
        host: target.host || this.#host || '',
        endpoint,
        peer: this.#peer,
        plainForwarded: this.#plainForwarded,
        requestId: this.#record.requestId,
        upgrade: this.#upgrade,
      });
      this.#upstream = pools.takeIdle(endpoint);
      if (this.#upstream !== undefined) {
        this.#upstream.begin(this);
        return;
      }
    }
    this.#isConnecting = true;
    pools.connect(endpoints, route.overrides.connectTimeoutMs ?? this.#settings.proxyConnectTimeout, this);
  }

  connected(upstream: UpstreamConnection): void {
    this.#isConnecting = false;
    if (this.#state !== BUSY || this.#isAnswered) {
      // The client is gone: the connection is as good as new for somebody else.
      upstream.begin(this);
      upstream.giveBack();
      return;
    }
    this.#upstream = upstream;
    upstream.begin(this);
    const stash = this.#stash;
    this.#stash = undefined;
    const used = this.#sendHead(upstream, stash ?? NOTHING, 0, stash?.length ?? 0);
    if (stash !== undefined && used < stash.length) this.#consume(stash.subarray(used));
    this.#readOn();
  }

  /** Writes the head, and as much of the body as has come, in one piece where it is small. */
  #sendHead(upstream: UpstreamConnection, bytes: Buffer, bodyStart: number, end: number): number {
    const text = this.#upstreamHead;
    if (this.#bodyRemaining !== 0 && bodyStart < end) return this.#readBody(bytes, bodyStart, end, text);
    upstream.writeText(text);
    if (this.#bodyRemaining !== 0) this.#awaitBody();
    else this.#requestSent(upstream);
    return bodyStart;
  }

  /** Passes on body bytes, after the head if that has not gone yet. @returns the place after the body's bytes */
  #readBody(bytes: Buffer, start: number, end: number, head: string): number {
    const upstream = this.#upstream;
    let stop: number;
    let ranges: readonly number[];
    let size: number;
    let suffix = '';
    const isChunked = this.#bodyRemaining < 0;
    if (isChunked) {
      const body = this.#chunked as ChunkedBody;
      stop = body.feed(bytes, start, end);
      if (stop < 0) {
        this.fail('BAD_REQUEST');
        return end;
      }
      ranges = body.ranges;
      size = body.rangeBytes;
      if (body.isComplete) {
        this.#bodyRemaining = 0;
        suffix = `0\r\n${body.trailers}\r\n`;
      }
    } else {
      size = Math.min(this.#bodyRemaining, end - start);
      stop = start + size;
      ranges = [start, stop];
      this.#bodyRemaining -= size;
    }
    this.#bodyBytes += size;
    if (this.#bodyLimit > 0 && this.#bodyBytes > this.#bodyLimit && !this.#isAnswered) {
      this.fail('BODY_TOO_LARGE');
      return end;
    }
    if (upstream === undefined) {
      // It was answered without an upstream: the rest of the body is thrown away.
      if (this.#bodyRemaining === 0) this.#exchangeEnded();
      else this.#awaitBody();
      return stop;
    }
    let flows: boolean;
    if (size <= MAX_JOINED_BYTES) {
      let text = head;
      if (isChunked && size > 0) text += `${size.toString(16)}\r\n`;
      for (let index = 0; index < ranges.length; index += 2)
        text += bytes.toString('latin1', ranges[index], ranges[index + 1]);
      if (isChunked && size > 0) text += '\r\n';
      flows = text + suffix === '' || upstream.writeText(text + suffix);
    } else {
      if (head !== '') upstream.writeText(head);
      flows = upstream.writeBytes(isChunked ? asChunk(bytes, ranges, size) : bytes.subarray(start, stop));
      if (suffix !== '') flows = upstream.writeText(suffix);
    }
    if (this.#bodyRemaining === 0) this.#requestSent(upstream);
    else if (flows) this.#awaitBody();
    else this.#holdBody(upstream);
    return stop;
  }

  #awaitBody(): void {
    this.#wire.wheel.set(this, this.#settings.clientBodyTimeout);
  }

  /** The upstream takes no more for now: it is the one to be timed. */
  #holdBody(upstream: UpstreamConnection): void {
    this.#socket.pause();
    this.#wire.wheel.clear(this);
    this.#wire.wheel.set(upstream, this.#route?.overrides.sendTimeoutMs ?? this.#settings.proxySendTimeout);
  }

  #requestSent(upstream: UpstreamConnection): void {
    if (!this.#isAnswered) this.#wire.wheel.clear(this);
    this.#wire.wheel.set(upstream, this.#readTimeoutMs);
  }

  get #readTimeoutMs(): number {
    return this.#route?.overrides.readTimeoutMs ?? this.#settings.proxyReadTimeout;
  }

  // What the upstream's side tells.

  get isBlocked(): boolean {
    return this.#socket.writableNeedDrain;
  }

  get isRequestSent(): boolean {
    return this.#bodyRemaining === 0;
  }

  get speaksChunked(): boolean {
    return this.#head?.minorVersion === 1;
  }

  /** Bytes came from the upstream; more are expected. */
  upstreamIsAlive(): void {
    const { wheel } = this.#wire;
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    if (this.isBlocked) {
      wheel.clear(upstream);
      wheel.set(this, this.#settings.sendTimeout);
    } else {
      wheel.set(upstream, this.#readTimeoutMs);
    }
  }

  /** A 1xx response; the final one is still to come. HTTP/1.0 knows none. */
  interim(head: ResponseHead): void {
    if (this.#head?.minorVersion === 1) this.#write(composeInterim(head));
    this.upstreamIsAlive();
  }

  /** The final response's head. @returns it as the client gets it */
  composeHead(head: ResponseHead, hasLength: boolean): string {
    const isModern = this.speaksChunked;
    const keeps = this.#keepsAlive && this.#bodyRemaining === 0 && (hasLength || isModern);
    const route = this.#route as Route;
    this.#isAnswered = true;
    this.#isLast = !keeps;
    this.#record.answered(head.status);
    return composeResponse(head, keeps, isModern && !hasLength, route, () => this.#knownHosts());
  }

  sendText(text: string, bodyBytes: number): void {
    this.#record.bodyBytes += bodyBytes;
    this.#write(text);
  }

  sendBytes(bytes: Uint8Array, bodyBytes: number): void {
    this.#record.bodyBytes += bodyBytes;
    this.#record.responseBytes += bytes.length;
    this.#socket.write(bytes);
  }

  responseComplete(): void {
    this.#upstream = undefined;
    this.#record.write(this.#head);
    this.#exchangeEnded();
  }

  /** The connection ended before a response began. */
  upstreamBroken(isReused: boolean, hasBegun: boolean): void {
    this.#upstream = undefined;
    const isStale = mayRetryStale({
      method: this.#head?.method ?? '',
      attempts: this.#attempts,
      reused: isReused,
      bytesSent: this.#upstreamHead.length,
      bodyBytesGone: this.#bodyBytes,
      responseBegun: hasBegun,
    });
    if (isStale) {
      this.#wire.context.counters.add('retriesStale', 1);
      this.#send(true);
    } else {
      this.fail('UPSTREAM_CLOSED');
    }
  }

  upstreamTimedOut(): void {
    this.fail('UPSTREAM_TIMEOUT');
  }

  upstreamDrained(): void {
    if (this.#state === BUSY && this.#upstream !== undefined && this.#bodyRemaining !== 0) {
      this.#wire.wheel.set(this.#upstream, this.#readTimeoutMs);
      this.#awaitBody();
    }
    this.#readOn();
  }

  /** Answers with an error of our own; when an answer has begun, shows the client that it is cut short. */
  fail(code: FailureCode): void {
    this.#isConnecting = false;
    if (this.#state !== BUSY) return;
    if (this.#isAnswered) {
      this.cut();
      return;
    }
    this.#upstream?.destroy();
    this.#upstream = undefined;
    const keeps = !FAILURES[code].closes && this.#keepsAlive;
    this.#answerError(code, keeps);
    this.#isLast = !keeps;
    if (!keeps || this.#bodyRemaining === 0) this.#exchangeEnded();
    else {
      this.#awaitBody();
      this.#readOn();
    }
  }

  /** What the client has not been sent yet still goes out; then the missing end shows. */
  cut(): void {
    this.#upstream?.destroy();
    this.#upstream = undefined;
    this.#isLast = true;
    if (this.#socket.writableLength === 0) {
      this.destroy();
    } else {
      this.#wire.wheel.set(this, this.#settings.sendTimeout);
      this.#socket.destroySoon();
    }
  }

  /** @returns whether the bytes that follow are a tunnel's */
  switchProtocols(head: ResponseHead): boolean {
    const offered = this.#upgrade?.toLowerCase().split(', ') ?? [];
    const upstream = this.#upstream;
    if (upstream === undefined || !offered.includes(head.upgrade.toLowerCase())) {
      this.fail('BAD_RESPONSE');
      return false;
    }
    this.#isAnswered = true;
    this.#isLast = true;
    this.#record.answered(101);
    this.#write(composeSwitch(head));
    this.#record.responseBytes = 0;
    this.#state = TUNNEL;
    this.#wire.wheel.clear(upstream);
    this.#touchTunnel();
    if (this.#stash !== undefined) upstream.writeBytes(this.#stash);
    this.#stash = undefined;
    this.#readOn();
    return true;
  }

  tunnelFromUpstream(bytes: Buffer): void {
    this.#touchTunnel();
    this.sendBytes(bytes, bytes.length);
  }

  /** As in nginx, an end on one side is the end of both, once the other has got what was on its way. */
  endTunnel(): void {
    this.#socket.destroySoon();
  }

  // Ends.

  #exchangeEnded(): void {
    this.#releaseHead();
    if (this.#isLast || this.#wire.isDraining) {
      this.#close();
      return;
    }
    this.#setState(IDLE);
    this.#wire.wheel.set(this, this.#settings.keepaliveTimeout);
    if (this.#isConsuming) return;
    const stash = this.#stash;
    this.#stash = undefined;
    if (stash !== undefined) this.#consume(stash);
    this.#readOn();
  }

  /**
   * Sends FIN. Bytes still coming in would then make the kernel reset the connection, which may take the last response from
   * the client (RFC 9112 section 9.6): where some may come, they are read for a while and thrown away.
   */
  #close(): void {
    const isRead = this.#bodyRemaining === 0 && this.#stash === undefined && this.#state === BUSY;
    this.#state = LINGERING;
    this.#stash = undefined;
    this.#wire.wheel.set(this, isRead ? this.#settings.sendTimeout : LINGERING_MS);
    if (isRead) this.#socket.destroySoon();
    else this.#socket.end();
    this.#socket.resume();
  }

  /** The client has sent FIN. Whoever leaves does that, too: nginx's 499. */
  #ended(): void {
    if (this.#state === TUNNEL) this.#upstream?.endSoon();
    else this.destroy();
  }

  /** Nobody is left to be answered. */
  #abandon(): void {
    this.#upstream?.destroy();
    this.#upstream = undefined;
    this.#record.write(this.#head);
  }

  #drained(): void {
    if (this.#state !== BUSY && this.#state !== TUNNEL) return;
    if (this.#state === TUNNEL) this.#touchTunnel();
    else if (this.#bodyRemaining === 0) this.#wire.wheel.clear(this);
    this.#upstream?.resume();
    this.upstreamIsAlive();
  }

  #touchTunnel(): void {
    this.#wire.wheel.set(this, this.#readTimeoutMs);
  }

  #readOn(): void {
    // What is stashed of a head waits for more bytes; anything else stashed waits for something else.
    if ((this.#stash === undefined || this.#state === READING) && this.#socket.isPaused()) this.#socket.resume();
  }

  /** What came is no request, or too little of one in too long a time. */
  #reject(code: FailureCode, bytes = this.#stash?.toString('latin1') ?? ''): void {
    const line = /^(?:\r\n)*([^\r\n]*)/.exec(bytes)?.[1] ?? '';
    this.isHeadRequest = line.startsWith('HEAD ');
    this.#record.beginUnread(line);
    this.#releaseHead();
    this.#setState(BUSY);
    // Where the next request begins is unknown: whatever comes is thrown away.
    this.#bodyRemaining = -1;
    this.#answerError(code, false);
    this.#isLast = true;
    this.#exchangeEnded();
  }

  #answerError(code: FailureCode, keeps: boolean): void {
    const { errorPage } = this.#wire.context.state;
    const { status, text, bodyBytes } = composeError(
      code,
      errorPage,
      this.#record.requestId,
      keeps,
      !this.isHeadRequest,
    );
    this.#isAnswered = true;
    this.#record.failed(status);
    this.sendText(text, bodyBytes);
    this.#record.write(this.#head);
  }

  get #keepsAlive(): boolean {
    const head = this.#head;
    if (head === undefined || head.saysClose || this.#wire.isDraining) return false;
    const { keepaliveRequests, keepaliveTimeout } = this.#settings;
    if (this.#requests >= keepaliveRequests || keepaliveTimeout === 0) return false;
    if (head.minorVersion === 0 && !head.saysKeepAlive) return false;
    // Who waits for 100 Continue may or may not send its body: nobody can tell where the next request begins.
    return this.#bodyRemaining === 0 || !head.has(EXPECT);
  }

  #write(text: string): void {
    this.#record.responseBytes += text.length;
    this.#socket.write(text, 'latin1');
  }

  #releaseHead(): void {
    if (this.#head !== undefined) this.#wire.spareHeads.push(this.#head);
    this.#head = undefined;
  }

  #knownHosts(): readonly string[] {
    return [this.#rawHost.toLowerCase(), this.#host ?? '', this.#record.upstream];
  }

  #setState(state: typeof IDLE | typeof READING | typeof BUSY): void {
    const { counters } = this.#wire.context;
    counters.add(GAUGE[this.#state] ?? 'writing', -1);
    counters.add(GAUGE[state] ?? 'writing', 1);
    this.#state = state;
  }
}

/** nginx's name for each state; the ones beyond count as writing. */
const GAUGE = ['waiting', 'reading', 'writing'] as const;
const NOTHING = Buffer.alloc(0);
