/** One of several replicas makes a Service for each Gateway, and leads it to the pods of this program. */
import { type Clock, systemClock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import { serviceKey } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import { owningGateways } from '../../resources/gateway/gateway-service.ts';
import { isObject } from '../../resources/service-object.ts';
import { Backoff } from '../../sources/kube/backoff.ts';
import type { KubeClient } from '../../sources/kube/client.ts';
import { ApiError, ForbiddenError } from '../../sources/kube/errors.ts';
import type { GatewayServiceSource } from '../../sources/kube/gateway-service-source.ts';
import { applyObject, deleteObject, getService } from '../../sources/kube/gateway-service-writer.ts';
import { foreignService } from '../../translate/gateway/listeners/service-addresses.ts';
import type { GatewayReading } from '../../translate/gateway/readings.ts';
import type { Manifest } from '../../translate/gateway/services/gateway-service.ts';
import type { KnownGatewayServices } from '../catalog/gateway-services.ts';
import { type Application, planServices } from './gateway-service-plan.ts';
import type { StatusElection } from './status-election.ts';
import { WriteRate } from './write-rate.ts';

/** One object is not written more often. */
const GATHER_MS = 1_000;
/** A right that is missing is not about to come. */
const REFUSED_MS = 30_000;

export interface GatewayServicePublicationOptions {
  readonly election: Pick<StatusElection, 'isLeader' | 'onChange'>;
  readonly source: Pick<GatewayServiceSource, 'isKnown' | 'services' | 'slices' | 'ownSlices'>;
  readonly services: KnownGatewayServices;
  /** As they are served. */
  readonly readings: () => readonly GatewayReading[];
  /** The uids of all Gateways that there are, of whatever class. */
  readonly gateways: () => ReadonlySet<string>;
  readonly client: Pick<KubeClient, 'json'>;
  readonly logger: Logger;
  /** What keeps a Service from being made has changed. @param at of the clock's monotonic time */
  readonly onChange: (at: number) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export class GatewayServicePublication {
  readonly #options: GatewayServicePublicationOptions;
  readonly #clock: Clock;
  readonly #rate: WriteRate;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  /** By object, when it was written last. */
  readonly #writtenAt = new Map<string, number>();
  /** By object, what the API server has refused as invalid. */
  readonly #refused = new Map<string, Manifest>();
  #running: Promise<void> | undefined;
  #isDue = false;
  #cancelTimer: (() => void) | undefined;
  #dueAt = 0;
  #problem: string | undefined;
  #counts = { written: 0, conflicts: 0, failed: 0 };

  constructor(options: GatewayServicePublicationOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#rate = new WriteRate(this.#clock);
    this.#backoff = new Backoff(options.random ?? Math.random);
    options.election.onChange(() => this.look());
  }

  /** Why Services are not made; undefined while nothing keeps them from being made. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get counts(): { readonly written: number; readonly conflicts: number; readonly failed: number } {
    return { ...this.#counts };
  }

  /** Gateways, their Services or our pods may be otherwise than before. */
  look(): void {
    this.#isDue = true;
    if (this.#running !== undefined || this.#stopping.signal.aborted) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelTimer?.();
    await this.#running;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { election, source } = this.#options;
    while (this.#isDue && election.isLeader && source.isKnown && !this.#stopping.signal.aborted) {
      this.#isDue = false;
      await this.#pass();
    }
  }

  /** Never rejects: what fails for one object, such as for the quota of its namespace, keeps no other from being written. */
  async #pass(): Promise<void> {
    const { readings, source, gateways, services, client } = this.#options;
    const stored = {
      services: source.services.objects(),
      slices: source.slices.objects(),
      ownSlices: source.ownSlices.objects(),
    };
    const { apply, remove, crowded } = planServices(readings(), stored, gateways(), services);
    const { signal } = this.#stopping;
    const failures: unknown[] = [];
    const attempt = async (object: Named, act: () => Promise<void>): Promise<void> => {
      if (signal.aborted || !this.#mayWrite(object)) return;
      await act().catch((error: unknown) => failures.push(error));
    };
    for (const application of apply) await attempt(application.object, () => this.#apply(application));
    for (const object of remove) await attempt(object, () => deleteObject(client, object, signal));
    for (const service of crowded) {
      const message = 'no port of the setting gateway-ports is left for it: let the setting name more';
      services.setProblem(service, { reason: 'AddressNotAssigned', message });
    }
    if (services.isChanged) this.#options.onChange(this.#clock.monotonic());
    if (signal.aborted) return;
    if (failures.length > 0) this.#failed(failures);
    else this.#worked();
  }

  /** Not so soon after the last time: it is looked at again then. */
  #mayWrite({ kind, metadata }: Named): boolean {
    const now = this.#clock.monotonic();
    for (const [key, at] of this.#writtenAt) if (at + GATHER_MS <= now) this.#writtenAt.delete(key);
    const key = `${kind} ${serviceKey(metadata)}`;
    const writtenAt = this.#writtenAt.get(key);
    const pauseMs = writtenAt === undefined ? this.#rate.take() : writtenAt + GATHER_MS - now;
    if (pauseMs > 0) {
      this.#later(pauseMs);
      return false;
    }
    this.#writtenAt.set(key, now);
    return true;
  }

  /** @throws KubeError */
  async #apply({ object, uid, owner }: Application): Promise<void> {
    const { client, services } = this.#options;
    const { signal } = this.#stopping;
    const key = `${object.kind} ${serviceKey(object.metadata)}`;
    if (isSame(this.#refused.get(key), object)) return;
    let known = uid;
    if (known === undefined && owner !== undefined) {
      // The watch shows only what has our labels: another object of this name may be there.
      const found = await getService(client, object.metadata, signal);
      const metadata = isObject(found) && isObject(found.metadata) ? found.metadata : undefined;
      if (metadata !== undefined && !owningGateways(metadata).has(owner)) {
        services.setProblem(object.metadata, foreignService(serviceKey(object.metadata)));
        // It is not watched.
        this.#later(REFUSED_MS);
        return;
      }
      known = typeof metadata?.uid === 'string' ? metadata.uid : undefined;
    }
    try {
      const outcome = await applyObject(client, object, known, signal);
      if (outcome === 'changed') this.#counts.conflicts += 1;
      else this.#counts.written += 1;
      this.#refused.delete(key);
      if (owner !== undefined) services.setProblem(object.metadata, undefined);
    } catch (error) {
      const isInvalid = error instanceof ApiError && (error.status === 422 || error.status === 400);
      const message = `the API server refuses the ${object.kind} ${serviceKey(object.metadata)}: ${messageOf(error)}`;
      const reason = isInvalid ? 'AddressNotUsable' : 'AddressNotAssigned';
      if (owner !== undefined && error instanceof ApiError) services.setProblem(object.metadata, { reason, message });
      if (!isInvalid) throw error;
      this.#counts.failed += 1;
      this.#refused.set(key, object);
      this.#options.logger.warn(message);
    }
  }

  #worked(): void {
    if (this.#problem !== undefined) this.#options.logger.info('back: the Services of Gateways are made');
    this.#problem = undefined;
    this.#backoff.reset();
  }

  #failed(errors: readonly unknown[]): void {
    this.#counts.failed += errors.length;
    const [first] = errors;
    const problem = `Services of Gateways are not made: ${messageOf(first)}`;
    if (this.#problem === undefined) this.#options.logger.warn(`${problem}. Trying again until it works.`);
    this.#problem = problem;
    const areRefused = errors.every(error => error instanceof ForbiddenError);
    this.#later(areRefused ? REFUSED_MS : this.#backoff.next());
  }

  /** The soonest of all waits counts. */
  #later(waitMs: number): void {
    const dueAt = this.#clock.monotonic() + waitMs;
    if (this.#cancelTimer !== undefined && this.#dueAt <= dueAt) return;
    this.#cancelTimer?.();
    this.#dueAt = dueAt;
    this.#cancelTimer = this.#clock.setTimer(waitMs, () => {
      this.#cancelTimer = undefined;
      this.look();
    });
  }
}

type Named = Pick<Manifest, 'kind'> & { readonly metadata: { readonly namespace: string; readonly name: string } };

function isSame(one: Manifest | undefined, other: Manifest): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}
