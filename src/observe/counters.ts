/**
 * Counters in shared memory: one region per worker with one writer, summed by the main thread at each request for them.
 * A count costs the data path one array increment.
 */
import { FAILURE_INDEX, FAILURE_REASONS, type FailureReason } from '../failures/failures.ts';
import { POLICY_KINDS, type PolicyKind } from '../model/policy.ts';

/** nginx's stub_status counters and the ones of this program that need no label values from the table. */
export const COUNTERS = [
  // ngx_event_accept.c: every accept(); the ones that got a connection; those open now.
  'accepted',
  'handled',
  'active',
  // Requests whose first byte came; connections receiving a head; from the whole head to the end of the response; idle.
  'requests',
  'reading',
  'writing',
  'waiting',
  'requestBytes',
  'responseBytes',
  'connectsOk',
  'connectsFailed',
  'connectsTimedOut',
  'retriesConnect',
  'retriesStale',
  'retriesStatus',
  'retriesTimeout',
  'upstreamIdle',
  'upstreamBusy',
  'upstreamPending',
  'accessLogDropped',
  // HTTP/2: streams that were opened, refused for their number, reset by one of the sides; connections ended for a client's fault.
  'http2Streams',
  'http2StreamsRefused',
  'http2ResetsReceived',
  'http2ResetsSent',
  'http2ProtocolErrors',
  // Handshakes of TLS: under way; done, by version; those among them that went on with a session; failed, by reason.
  'tlsHandshaking',
  'tlsHandshakes12',
  'tlsHandshakes13',
  'tlsResumed',
  'tlsTimeouts',
  'tlsClosed',
  'tlsOverLimit',
  'tlsPlainHttp',
  'tlsNotTls',
  'tlsMalformed',
  'tlsUnknownNames',
  'tlsVersions',
  'tlsCiphers',
  'tlsProtocols',
  'tlsClientAlerts',
  'tlsCertificates',
  'tlsClientCertificates',
  'tlsOtherFailures',
  // Connections with TLS that were ended because their records brought nothing.
  'tlsFloods',
] as const;

export type CounterName = (typeof COUNTERS)[number];

const GAUGES: readonly CounterName[] = [
  'active',
  'reading',
  'writing',
  'waiting',
  'upstreamIdle',
  'upstreamBusy',
  'upstreamPending',
  'tlsHandshaking',
];

/** Where each counter is, for {@link WorkerCounters.addTo}. */
export const COUNTER = Object.fromEntries(COUNTERS.map((name, index) => [name, index])) as Readonly<
  Record<CounterName, number>
>;

/** Status codes counted one by one: the registered ones (IANA) and nginx's 499. All others share the last slot. */
export const STATUS_CODES: readonly number[] = [
  101, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403,
  404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429,
  431, 451, 499, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
];

/**
 * What a policy makes of a request: it goes on, it is answered here, it is refused, or it is refused because the policy cannot
 * decide.
 */
export const VERDICTS = ['passed', 'answered', 'refused', 'failed'] as const;

export type Verdict = (typeof VERDICTS)[number];

const POLICY_SLOTS = Object.fromEntries(POLICY_KINDS.map((kind, index) => [kind, index * VERDICTS.length])) as Readonly<
  Record<PolicyKind, number>
>;

const VERDICT_SLOTS = Object.fromEntries(VERDICTS.map((verdict, index) => [verdict, index])) as Readonly<
  Record<Verdict, number>
>;

/** What requests of our own are for. */
export const SUBREQUEST_PURPOSES = ['auth-url', 'error-pages', 'jwt', 'mirror'] as const;

export type SubrequestPurpose = (typeof SUBREQUEST_PURPOSES)[number];

/** How a request of our own ends. `circuit_open` and `busy`: it was not sent. */
export const SUBREQUEST_OUTCOMES = ['answered', 'failed', 'timed_out', 'circuit_open', 'busy'] as const;

export type SubrequestOutcome = (typeof SUBREQUEST_OUTCOMES)[number];

/** Of a purpose: how often each outcome was, then the milliseconds of all. */
const SUBREQUEST_SLOTS = SUBREQUEST_OUTCOMES.length + 1;

/**
 * Upper bounds in seconds of the two histograms' buckets; above the last is +Inf. A request that ends at a time limit takes
 * slightly longer than that, so the usual limits are bounds, and the most usual ones (1 s; 5 s, to connect) begin narrow buckets.
 */
export const BUCKETS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.25, 2, 3, 5, 6, 10, 30, 60,
];

/** They end the list. */
const FIRST_5XX = STATUS_CODES.findIndex(code => code >= 500);
const CODE_SLOTS = STATUS_CODES.length + 1;
/** With the one above the last bound. */
const BUCKET_SLOTS = BUCKETS.length + 1;
/** Observations by bucket, then the sum of their seconds by bucket. */
export const HISTOGRAM_SLOTS = 2 * BUCKET_SLOTS;
const BLOCK_SLOTS = CODE_SLOTS + 2 * HISTOGRAM_SLOTS;
/** Failed requests by reason. */
const FIRST_FAILURE = COUNTERS.length;
/** Requests that met a policy, by its kind and by what it made of them. */
const FIRST_POLICY = FIRST_FAILURE + FAILURE_REASONS.length;
const FIRST_SUBREQUEST = FIRST_POLICY + POLICY_KINDS.length * VERDICTS.length;
const FIRST_BLOCK = FIRST_SUBREQUEST + SUBREQUEST_PURPOSES.length * SUBREQUEST_SLOTS;

/** Services with counters of their own; the ones beyond share the last block. Untouched pages cost no memory. */
export const MAX_BLOCKS = 32_768;

/** Requests that no route took. */
export const NO_ROUTE_BLOCK = 0;

const CODE_SLOT = new Uint8Array(1000).fill(STATUS_CODES.length);
for (const [index, code] of STATUS_CODES.entries()) CODE_SLOT[code] = index;

export interface HistogramValues {
  /** Observations per bucket, not cumulative; one more than {@link BUCKETS}. */
  readonly buckets: Float64Array;
  readonly sum: number;
}

/** Where the requests of which a policy has made something are counted, for {@link WorkerCounters.addTo}. */
export function policySlot(kind: PolicyKind, verdict: Verdict): number {
  return FIRST_POLICY + POLICY_SLOTS[kind] + VERDICT_SLOTS[verdict];
}

/** One worker's region. */
export class WorkerCounters {
  readonly buffer: SharedArrayBuffer;
  /** Eight-byte stores are atomic on every 64-bit machine, so a reader never sees half a number. */
  readonly #values: Float64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer((FIRST_BLOCK + MAX_BLOCKS * BLOCK_SLOTS) * 8)) {
    this.buffer = buffer;
    this.#values = new Float64Array(buffer);
  }

  add(name: CounterName, amount: number): void {
    this.addTo(COUNTER[name], amount);
  }

  /** As add(), for what is counted with every request: looking a counter up by its name is what costs. */
  addTo(slot: number, amount: number): void {
    this.#values[slot] = (this.#values[slot] as number) + amount;
  }

  get(name: CounterName): number {
    return this.#values[COUNTER[name]] as number;
  }

  countFailure(reason: FailureReason): void {
    this.addTo(FIRST_FAILURE + FAILURE_INDEX[reason], 1);
  }

  failures(reason: FailureReason): number {
    return this.#values[FIRST_FAILURE + FAILURE_INDEX[reason]] as number;
  }

  countPolicy(kind: PolicyKind, verdict: Verdict): void {
    this.addTo(policySlot(kind, verdict), 1);
  }

  policies(kind: PolicyKind, verdict: Verdict): number {
    return this.#values[policySlot(kind, verdict)] as number;
  }

  /** Counts a request of our own that is answered, or has failed. */
  countSubrequest(purpose: SubrequestPurpose, outcome: SubrequestOutcome, milliseconds: number): void {
    const start = firstSlotOf(purpose);
    this.addTo(start + SUBREQUEST_OUTCOMES.indexOf(outcome), 1);
    this.addTo(start + SUBREQUEST_OUTCOMES.length, milliseconds);
  }

  subrequests(purpose: SubrequestPurpose, outcome: SubrequestOutcome): number {
    return this.#values[firstSlotOf(purpose) + SUBREQUEST_OUTCOMES.indexOf(outcome)] as number;
  }

  subrequestMilliseconds(purpose: SubrequestPurpose): number {
    return this.#values[firstSlotOf(purpose) + SUBREQUEST_OUTCOMES.length] as number;
  }

  /** Counts a finished request. @param upstreamSeconds NaN when no upstream was asked */
  countRequest(block: number, status: number, seconds: number, upstreamSeconds: number): void {
    const start = FIRST_BLOCK + block * BLOCK_SLOTS;
    this.#bump(start + (CODE_SLOT[status] ?? STATUS_CODES.length), 1);
    this.#observe(start + CODE_SLOTS, seconds);
    if (upstreamSeconds >= 0) this.#observe(start + CODE_SLOTS + HISTOGRAM_SLOTS, upstreamSeconds);
  }

  /** Adds what was counted for a block to `totals`. */
  addBlockTo(totals: BlockTotals, block: number): void {
    const start = FIRST_BLOCK + block * BLOCK_SLOTS;
    totals.add(this.#values.subarray(start, start + BLOCK_SLOTS));
  }

  /** Adds the 5xx answers of a block, then its request histogram, to `into`. */
  addTallyTo(into: Float64Array, block: number): void {
    const start = FIRST_BLOCK + block * BLOCK_SLOTS;
    for (let slot = FIRST_5XX; slot < STATUS_CODES.length; slot += 1) {
      into[0] = (into[0] as number) + (this.#values[start + slot] as number);
    }
    for (let slot = 0; slot < HISTOGRAM_SLOTS; slot += 1) {
      into[1 + slot] = (into[1 + slot] as number) + (this.#values[start + CODE_SLOTS + slot] as number);
    }
  }

  /** Forgets what was true of a worker that has died; its totals stay. */
  clearGauges(): void {
    for (const name of GAUGES) this.#values[COUNTER[name]] = 0;
  }

  /** For a block that is given to another Service. Writes nothing where nothing was counted: an untouched page stays without memory. */
  clearBlock(block: number): void {
    const start = FIRST_BLOCK + block * BLOCK_SLOTS;
    const slots = this.#values.subarray(start, start + BLOCK_SLOTS);
    if (slots.some(value => value !== 0)) slots.fill(0);
  }

  #bump(slot: number, amount: number): void {
    this.#values[slot] = (this.#values[slot] as number) + amount;
  }

  #observe(start: number, seconds: number): void {
    let bucket = 0;
    while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] as number)) bucket += 1;
    this.#bump(start + bucket, 1);
    this.#bump(start + BUCKET_SLOTS + bucket, seconds);
  }
}

function firstSlotOf(purpose: SubrequestPurpose): number {
  return FIRST_SUBREQUEST + SUBREQUEST_PURPOSES.indexOf(purpose) * SUBREQUEST_SLOTS;
}

/** What was counted for one block, over any number of regions. */
export class BlockTotals {
  readonly #slots = new Float64Array(BLOCK_SLOTS);

  /** @param slots the block's, of one region */
  add(slots: Float64Array): void {
    for (let index = 0; index < BLOCK_SLOTS; index += 1) {
      this.#slots[index] = (this.#slots[index] as number) + (slots[index] as number);
    }
  }

  /** Requests by status code; 0 stands for the codes that share a slot. Codes never seen are left out. */
  requestsByCode(): Map<number, number> {
    const counts = new Map<number, number>();
    for (let index = 0; index < CODE_SLOTS; index += 1) {
      const count = this.#slots[index] as number;
      if (count > 0) counts.set(STATUS_CODES[index] ?? 0, count);
    }
    return counts;
  }

  requestSeconds(): HistogramValues {
    return this.#histogram(CODE_SLOTS);
  }

  upstreamSeconds(): HistogramValues {
    return this.#histogram(CODE_SLOTS + HISTOGRAM_SLOTS);
  }

  #histogram(start: number): HistogramValues {
    const sums = this.#slots.subarray(start + BUCKET_SLOTS, start + HISTOGRAM_SLOTS);
    return {
      buckets: this.#slots.subarray(start, start + BUCKET_SLOTS),
      sum: sums.reduce((total, seconds) => total + seconds, 0),
    };
  }
}
