/** One of several replicas writes the status of Ingresses: who it is, what it writes, and when. */
import { type Clock, sleep, systemClock } from '../../clock.ts';
import type { Logger } from '../../observe/logger.ts';
import type { IngressAddress, IngressObject } from '../../resources/ingress-object.ts';
import type { Settings } from '../../settings/schema.ts';
import type { KubeClient } from '../../sources/kube/client.ts';
import { writeIngressStatus } from '../../sources/kube/ingress-status-writer.ts';
import { publishedService } from '../../sources/kube/published-service.ts';
import type { Reflector } from '../../sources/kube/reflector.ts';
import { IngressStatus } from './ingress-status.ts';
import { addressesOf, addressesOfService } from './published-addresses.ts';
import type { StatusElection } from './status-election.ts';

/** How often it is looked whether the settings or the status are others, even where nothing was heard. */
const LOOK_MS = 10_000;
/** So long another replica has to take the Lease, before this one counts as the last. */
const SUCCESSION_MS = 3_000;
const LOOK_FOR_SUCCESSOR_MS = 500;

export interface StatusPublicationOptions {
  /** Those in force: what to publish may change in a running instance. */
  readonly settings: () => Pick<Settings, 'publishService' | 'publishAddress' | 'clearStatusOnExit'>;
  /** Started here where there is something to publish. */
  readonly election: StatusElection;
  readonly client: KubeClient;
  /** The Ingresses that are served, as they are now. */
  readonly served: () => Iterable<IngressObject>;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export class StatusPublication {
  readonly #options: StatusPublicationOptions;
  readonly #clock: Clock;
  readonly #election: StatusElection;
  readonly #status: IngressStatus;
  readonly #service: Reflector | undefined;
  #cancelLooking: (() => void) | undefined;
  #serviceAddresses: readonly IngressAddress[] = [];

  constructor(options: StatusPublicationOptions) {
    const { settings, election, client, served, logger, clock = systemClock, random = Math.random } = options;
    const { publishService: service } = settings();
    this.#options = options;
    this.#clock = clock;
    this.#election = election;
    election.onChange(() => this.#status.look());
    this.#status = new IngressStatus({
      served,
      addresses: () => this.#addresses,
      isWriter: () => election.isLeader,
      write: (ingress, addresses, signal) => writeIngressStatus(client, ingress, addresses, signal),
      logger,
      clock,
    });
    this.#service =
      service &&
      publishedService({
        ...{ service, client, logger, clock, random },
        onChange: object => {
          this.#serviceAddresses = addressesOfService(object);
          this.#status.look();
        },
      });
  }

  start(): void {
    this.#service?.start();
    this.#cancelLooking = this.#clock.repeat(LOOK_MS, () => this.look());
    this.look();
  }

  /** The Ingresses that are served may be others, or have another status. */
  look(): void {
    // Without addresses of the settings no Lease is needed.
    if (this.#service === undefined && this.#addresses.length === 0) return;
    this.#election.start();
    this.#status.look();
  }

  /** What keeps the status from being written, for people. */
  get problems(): string[] {
    const { problem } = this.#service ?? {};
    return [this.#election.problem ?? [], this.#status.problem ?? [], problem?.message ?? []].flat();
  }

  async stop(): Promise<void> {
    this.#cancelLooking?.();
    await Promise.all([this.#status.stop(), this.#service?.stop()]);
    const wasWriter = this.#election.isLeader;
    await this.#election.stop();
    if (!wasWriter || !this.#options.settings().clearStatusOnExit) return;
    const { signal } = new AbortController();
    if (!(await this.#hasSuccessor(signal))) await this.#status.clear(signal);
  }

  get #addresses(): readonly IngressAddress[] {
    return this.#service === undefined ? addressesOf(this.#options.settings().publishAddress) : this.#serviceAddresses;
  }

  async #hasSuccessor(signal: AbortSignal): Promise<boolean> {
    const until = this.#clock.monotonic() + SUCCESSION_MS;
    while (this.#clock.monotonic() < until) {
      await sleep(this.#clock, LOOK_FOR_SUCCESSOR_MS, signal);
      // Where it cannot be told, there may be one: nothing is emptied by surprise.
      if (await this.#election.isHeldByOther(signal).catch(() => true)) return true;
    }
    return false;
  }
}
