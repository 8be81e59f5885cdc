/** Brings what changes in the catalog to the workers, and tells people of it. */

import { type Clock, systemClock } from '../clock.ts';
import { type Delta, departures } from '../model/delta.ts';
import { portDepartures } from '../model/gateway-port.ts';
import { clustersOf, type ServiceRef } from '../model/route.ts';
import type { Metrics } from '../observe/registry.ts';
import type { RouteTable } from '../routing/table.ts';
import type { Receipt } from '../workers/distribution.ts';
import type { Fleet } from '../workers/fleet.ts';
import type { Announcer } from './announcer.ts';
import type { Catalog } from './catalog.ts';
import { ChangeLog } from './change-log.ts';
import type { ControlErrors } from './control-errors.ts';
import type { SourceReport } from './control-plane.ts';
import { partsOf } from './delta-parts.ts';
import { LoadGarbage } from './load-garbage.ts';

/**
 * A change goes out at once. Those that come within so long after it wait, and go out together: each publication wakes every worker
 * twice, and costs the main thread more than most changes do.
 */
const GATHER_MS = 4;

export interface PublisherOptions {
  readonly catalog: Catalog;
  readonly fleet: Pick<Fleet, 'table' | 'publish'>;
  readonly announcer: Pick<Announcer, 'announce'>;
  readonly errors: ControlErrors;
  readonly source: { report(): SourceReport; committed?(): (() => void) | undefined };
  /** Who hears how long a change took. */
  readonly metrics: () => Pick<Metrics, 'observePropagation'>;
  readonly clock?: Clock;
}

export class Publisher {
  readonly changeLog = new ChangeLog();
  readonly #options: PublisherOptions;
  readonly #clock: Clock;
  readonly #garbage: LoadGarbage;
  /** Until then changes wait; by the monotonic clock. */
  #gathersUntil = Number.NEGATIVE_INFINITY;
  /** When the oldest change came that has not been published. */
  #changedAt: number | undefined;
  #round: Promise<void> | undefined;
  /** When the workers that answer have all that they were given. */
  #answered: Promise<void> = Promise.resolve();
  #hasPublished = false;
  /** When the table was last changed; milliseconds since 1970. */
  lastChangeMs: number | undefined;
  /** The first table is served. */
  isInitialised = false;
  /** Of the table that the workers serve: the source may be ahead of it. */
  staleSince: string | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#garbage = new LoadGarbage(this.#clock);
  }

  /**
   * The catalog has changed. What changes in one turn of the event loop goes out together, and so does what follows it closely.
   * @param receivedAt when, by the monotonic clock
   * @returns when every worker serves it that answers; it never rejects
   */
  changed(receivedAt: number): Promise<void> {
    this.#changedAt ??= receivedAt;
    this.#round ??= this.#gathered()
      .then(() => {
        const since = this.#changedAt ?? receivedAt;
        this.#round = undefined;
        this.#changedAt = undefined;
        return this.#publish(since);
      })
      .catch(error => this.#options.errors.report(error, 'publishing a change'));
    return this.#round;
  }

  #gathered(): Promise<void> {
    const waitMs = this.#gathersUntil - this.#clock.monotonic();
    if (waitMs <= 0) return Promise.resolve();
    return new Promise(resolve => this.#clock.setTimer(waitMs, resolve));
  }

  async #publish(since: number): Promise<void> {
    const { catalog, source } = this.#options;
    if (!catalog.isInitialised) return;
    const { staleSince } = source.report();
    const delta = catalog.commit();
    const said = source.committed?.();
    try {
      await this.#deliver(delta, since, staleSince);
    } finally {
      // Also where a bug has kept it from the workers: nothing would say it again.
      said?.();
    }
  }

  /** Resolves when all workers that answer serve what the catalog had at the commit. */
  async #deliver(delta: Delta | undefined, since: number, staleSince: string | undefined): Promise<void> {
    const { catalog, fleet } = this.#options;
    const before = fleet.table;
    const isFirst = !this.#hasPublished;
    // A cluster without any exposed Service has a table, too: an empty one.
    const startedAt = this.#clock.monotonic();
    const receipt =
      delta !== undefined || isFirst ? this.#distribute(delta ?? noChange(catalog.table.version)) : undefined;
    this.#hasPublished = true;
    if (receipt !== undefined) {
      this.#answered = receipt.answering;
      this.#gathersUntil = startedAt + GATHER_MS;
      this.lastChangeMs = this.#clock.now();
      void receipt.everywhere.then(() =>
        this.#options.metrics().observePropagation((this.#clock.monotonic() - since) / 1000),
      );
    }
    // Once the delta is on its way. The routes of a state file were announced when they were current.
    this.#announce(delta, staleSince !== undefined ? 'none' : isFirst ? 'recent' : 'all');
    // Where nothing that is served has changed, what was said before may still be on its way.
    await this.#answered;
    if (receipt !== undefined && delta !== undefined) this.#record(delta, before, since);
    if (delta !== undefined) this.#garbage.note(delta);
    this.staleSince = staleSince;
    this.isInitialised = true;
  }

  /** As a whole; when that fails, in parts, so that what fails is known and all else goes on. */
  #distribute(delta: Delta): Receipt {
    const { fleet } = this.#options;
    try {
      return fleet.publish(delta);
    } catch {
      for (const part of partsOf(delta)) {
        const [place] = part.delta.routes.removals;
        this.#try(part.delta, part.service ?? (place && fleet.table.get(place)?.service));
      }
      // A route that could not be changed still leads where it led.
      const used = new Set([...fleet.table.routes()].flatMap(clustersOf));
      const removals = delta.clusters.removals.filter(id => !used.has(id));
      return fleet.publish({
        ...noChange(delta.version),
        clusters: { upserts: [], removals },
        ...(delta.tls && { tls: departures(delta.tls) }),
        ...(delta.ports && { ports: portDepartures(delta.ports) }),
      });
    }
  }

  #try(part: Delta, service: ServiceRef | undefined): void {
    const { catalog, errors, fleet } = this.#options;
    try {
      fleet.publish(part);
    } catch (error) {
      errors.report(error, 'publishing a route', service);
      if (service !== undefined) catalog.refuseForBug(service, error);
    }
  }

  #announce(...[delta, audience]: Parameters<Announcer['announce']>): void {
    try {
      this.#options.announcer.announce(delta, audience);
    } catch (error) {
      this.#options.errors.report(error, 'announcing a change');
    }
  }

  #record({ version, routes }: Delta, before: RouteTable, since: number): void {
    const tookMs = this.#clock.monotonic() - since;
    this.changeLog.record({ version, ...routes }, before, this.lastChangeMs ?? this.#clock.now(), tookMs);
  }
}

function noChange(version: number): Delta {
  const none = { upserts: [], removals: [] };
  return { version, routes: none, clusters: none, endpoints: [] };
}
