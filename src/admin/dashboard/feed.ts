import type { ServerResponse } from 'node:http';
import type { ObservedControlPlane } from '../../control/control-plane.ts';
import type { CounterBoard } from '../../observe/counter-board.ts';
import type { Logger } from '../../observe/logger.ts';
import { FailureWindow } from './failure-window.ts';
import type { Point, TrafficSample } from './messages.ts';
import { certificatesOf, diagnosticsOf, healthOf } from './overview.ts';
import { Sampler } from './sampler.ts';
import { Viewers } from './viewers.ts';

export interface FeedOptions {
  readonly control: ObservedControlPlane;
  readonly board: CounterBoard;
  readonly logger: Logger;
  /** Milliseconds between two samples. */
  readonly interval: number;
}

/** Samples between two looks at the failures, and at the certificates. */
const FAILURES_EVERY = 3;
const CERTIFICATES_EVERY = 5;

/** The live part of the dashboard: figures that are taken all the time, and sent to all who watch. */
export class Feed {
  readonly sampler: Sampler;
  readonly #options: FeedOptions;
  readonly #viewers = new Viewers();
  readonly #failures = new FailureWindow();
  readonly #timer: NodeJS.Timeout;
  /** JSON; made less often than samples, as failures may come in every second. */
  #failureGroups = '[]';
  /** JSON; there may be many of them, and they hardly change. */
  #certificates = '{"total":0,"items":[]}';
  #isSampling = false;

  /** Takes samples until it is closed. */
  constructor(options: FeedOptions) {
    this.#options = options;
    this.sampler = new Sampler(options.board);
    this.#timer = setInterval(() => void this.#tick(), options.interval);
    void this.#tick();
  }

  get isFull(): boolean {
    return this.#viewers.isFull;
  }

  /** @param response whose head is written */
  subscribe(response: ServerResponse): void {
    const history = JSON.stringify(this.sampler.history);
    this.#viewers.add(response, { history, sample: this.#sampleOf(null) }, this.#states());
  }

  /** @param viewer its name @returns false when it does not watch, or no longer does */
  seen(viewer: string): boolean {
    return this.#viewers.seen(viewer);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#viewers.close();
  }

  async #tick(): Promise<void> {
    // Reading the counters of very many Services on a busy machine may take longer than the interval.
    if (this.#isSampling) return;
    this.#isSampling = true;
    try {
      if (this.sampler.samples % FAILURES_EVERY === 0) this.#lookAtFailures();
      if (this.sampler.samples % CERTIFICATES_EVERY === 0) {
        this.#certificates = JSON.stringify(certificatesOf(this.#options.control));
      }
      const point = await this.sampler.sample(Date.now());
      if (point !== undefined && this.#viewers.size > 0) {
        this.#viewers.send({ sample: this.#sampleOf(point) }, this.#states());
      }
    } catch (error) {
      this.#options.logger.error({ err: error }, 'the dashboard cannot be fed');
    } finally {
      this.#isSampling = false;
    }
  }

  #lookAtFailures(): void {
    this.#failureGroups = JSON.stringify(this.#failures.groups(this.#options.control.failures(), performance.now()));
  }

  #sampleOf(point: Point | null): string {
    return JSON.stringify({ point, health: healthOf(this.#options.control, Date.now()) } satisfies TrafficSample);
  }

  #states(): Readonly<Record<string, string>> {
    const { control } = this.#options;
    return {
      problems: JSON.stringify(diagnosticsOf(control)),
      changes: JSON.stringify(control.recentChanges()),
      failures: this.#failureGroups,
      certificates: this.#certificates,
    };
  }
}
