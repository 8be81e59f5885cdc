import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import { codeOf, messageOf } from '../errors.ts';
import type { GatewayPort, PortChanges, PortId, PortState } from '../model/gateway-port.ts';
import type { Logger } from '../observe/logger.ts';
import type { Distribution, Receipt } from './distribution.ts';
import { assertFree } from './listen-probe.ts';
import { lockPort } from './port-lock.ts';
import type { PortReports } from './port-reports.ts';

/** An address may appear, and another program may end. */
const FIRST_RETRY_MS = 250;
const SLOWEST_RETRY_MS = 5_000;

/** Chooses the addresses of Gateways. */
const FLAG = '--gateway-addresses';

export interface PortOpeningsOptions {
  readonly distribution: Pick<Distribution, 'updateOpenPorts'>;
  readonly reports: PortReports;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Hears the states of all ports when one of them changes. */
  readonly onChange: (states: ReadonlyMap<PortId, PortState>) => void;
}

/** A port that is to be listened on. */
interface Opening extends Pick<GatewayPort, 'id' | 'listen'> {
  /** `told`: workers have been told to listen. `taken`: they know it, and their reports count. */
  stage: 'waiting' | 'told' | 'taken';
  /** Why workers are not told. */
  failure: PortState | undefined;
  retryMs: number;
  cancelRetry: (() => void) | undefined;
}

/**
 * Opens the ports of Gateways. As at the start, an address is looked at before workers listen there, because they share it: the kernel
 * would let another program of the same user share it, too, in silence. What fails is tried again.
 */
export class PortOpenings {
  readonly #options: PortOpeningsOptions;
  readonly #openings = new Map<PortId, Opening>();
  readonly #due = new Set<PortId>();
  #states: ReadonlyMap<PortId, PortState> = new Map();
  #phase: 'starting' | 'running' | 'over' = 'starting';
  #isAtWork = false;
  /** As workers know it. */
  #told: readonly PortId[] = [];
  /** When workers have the last change of ports. */
  #taken: Promise<void> = Promise.resolve();
  /** Calls back when states have changed. */
  #waiting: (() => void) | undefined;

  constructor(options: PortOpeningsOptions) {
    this.#options = options;
    options.reports.onChange = () => this.settle();
  }

  /** Of each port that is in force. */
  get states(): ReadonlyMap<PortId, PortState> {
    return this.#states;
  }

  /** Workers run. */
  start(): void {
    this.#phase = 'running';
    this.#work();
  }

  /** From now on nothing is opened. */
  stop(): void {
    this.#phase = 'over';
    for (const { cancelRetry } of this.#openings.values()) cancelRetry?.();
    this.#waiting?.();
  }

  /** @param receipt of the change, which has gone to the workers */
  changed({ ports }: PortChanges, receipt: Receipt): void {
    this.#taken = receipt.answering;
    let hasGone = false;
    for (const id of ports.removals) hasGone = this.#forget(id) || hasGone;
    for (const port of ports.upserts) {
      // Workers listen there anyway.
      if (port.isShared === true || this.#openings.has(port.id)) continue;
      const { id, listen } = port;
      const retry = { retryMs: FIRST_RETRY_MS, cancelRetry: undefined };
      this.#openings.set(id, { id, listen, stage: 'waiting', failure: undefined, ...retry });
      this.#due.add(id);
    }
    if (hasGone) this.#taken = this.#tell().answering;
    this.settle();
    this.#work();
  }

  /** Something has changed that states follow from: reports, or which workers answer. */
  settle(): void {
    const before = this.#states;
    if (before.size === 0 && this.#openings.size === 0) return;
    this.#states = new Map([...this.#openings].map(([id, opening]) => [id, this.#stateOf(id, opening)]));
    for (const [id, state] of this.#states) {
      const was = before.get(id);
      if (isDeepStrictEqual(state, was)) continue;
      this.#say(id, state, was);
      const opening = this.#openings.get(id) as Opening;
      if (state.state === 'listening') opening.retryMs = FIRST_RETRY_MS;
    }
    for (const [id, opening] of this.#openings)
      if (this.#states.get(id)?.state === 'failed') this.#tryLater(id, opening);
    if (isDeepStrictEqual(before, this.#states)) return;
    this.#options.onChange(this.#states);
    this.#waiting?.();
  }

  #stateOf(id: PortId, { stage, failure }: Opening): PortState {
    if (failure !== undefined) return failure;
    return stage === 'taken' ? this.#options.reports.stateOf(id) : { state: 'opening' };
  }

  /** @returns whether workers have to hear of it */
  #forget(id: PortId): boolean {
    const opening = this.#openings.get(id);
    opening?.cancelRetry?.();
    this.#openings.delete(id);
    this.#due.delete(id);
    return opening !== undefined && opening.stage !== 'waiting';
  }

  /** All ports that workers may listen on. */
  get #toTell(): PortId[] {
    return [...this.#openings].flatMap(([id, { stage }]) => (stage === 'waiting' ? [] : id));
  }

  #tell(): Receipt {
    this.#told = this.#toTell;
    return this.#options.distribution.updateOpenPorts(this.#told);
  }

  #tryLater(id: PortId, opening: Opening): void {
    if (opening.cancelRetry !== undefined || this.#due.has(id) || this.#phase === 'over') return;
    opening.cancelRetry = this.#options.clock.setTimer(opening.retryMs, () => {
      opening.cancelRetry = undefined;
      this.#due.add(id);
      this.#work();
    });
    opening.retryMs = Math.min(2 * opening.retryMs, SLOWEST_RETRY_MS);
  }

  #work(): void {
    if (this.#isAtWork || this.#phase !== 'running' || this.#due.size === 0) return;
    this.#isAtWork = true;
    void this.#openDue().finally(() => {
      this.#isAtWork = false;
      this.#work();
    });
  }

  /** Opens the ports that are due, together. */
  async #openDue(): Promise<void> {
    const due = [...this.#due].flatMap(id => this.#openings.get(id) ?? []);
    this.#due.clear();
    // The sockets of ports that were there before these are closed by then. What becomes due meanwhile has a turn of its own: it may
    // follow a port that workers have not closed yet.
    await this.#taken;
    const unlock = await lockPorts(due.map(({ listen }) => listen.port));
    try {
      await Promise.all(due.map(opening => this.#look(opening)));
      const isNews = due.some(({ stage }) => stage !== 'waiting') || !isDeepStrictEqual(this.#told, this.#toTell);
      this.settle();
      if (isNews) await this.#tell().answering;
      for (const opening of due) if (opening.stage === 'told') opening.stage = 'taken';
      this.settle();
      await this.#opened(due);
    } finally {
      unlock();
    }
  }

  /** Whether workers may listen there. */
  async #look(opening: Opening): Promise<void> {
    const { id, listen } = opening;
    // Before workers hear of this port, such a report is about an earlier port at the same address.
    if (opening.stage !== 'waiting' && this.#options.reports.hasListener(id)) return;
    opening.stage = 'waiting';
    try {
      await assertFree(listen, FLAG);
      opening.stage = 'told';
      opening.failure = undefined;
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      opening.failure = { state: 'failed', code: codeOf(cause) ?? '', why: messageOf(error) };
    }
  }

  /** Resolves when each is listened on, or has failed. */
  async #opened(openings: readonly Opening[]): Promise<void> {
    const isOpening = (opening: Opening): boolean =>
      this.#openings.get(opening.id) === opening && this.#states.get(opening.id)?.state === 'opening';
    while (this.#phase === 'running' && openings.some(isOpening)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting = resolve;
      await promise;
    }
    this.#waiting = undefined;
  }

  #say(port: PortId, state: PortState, was: PortState | undefined): void {
    const { logger } = this.#options;
    if (state.state === 'listening') logger.info({ port }, 'a port of a Gateway is listened on');
    if (state.state !== 'failed') return;
    const isKnown = was?.state === 'failed' && was.code === state.code;
    if (isKnown) return;
    logger.warn(
      { port, code: state.code, reason: state.why },
      'a port of a Gateway cannot be listened on: it is tried again',
    );
  }
}

/** In the order of their numbers, so that two programs never wait for each other. */
async function lockPorts(numbers: readonly number[]): Promise<() => void> {
  const unlocks: (() => void)[] = [];
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) unlocks.push(await lockPort(number));
  return () => {
    for (const unlock of unlocks) unlock();
  };
}
