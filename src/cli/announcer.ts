import type { Logger } from '../observe/logger.ts';
import type { TableDelta } from '../routing/delta.ts';
import type { Conflict } from '../routing/ledger.ts';
import { type ServiceRef, serviceKey } from '../routing/route.ts';
import type { Catalog } from '../sources/catalog.ts';

/** Tells the owner of a Service; Kubernetes Events do. */
export interface Messenger {
  record(event: {
    readonly service: ServiceRef & { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined };
    readonly type: 'Normal' | 'Warning';
    readonly reason: string;
    readonly message: string;
  }): void;
}

interface Notice {
  readonly service: ServiceRef;
  readonly reason: string;
  readonly message: string;
}

/** Says once, in the log and to the owners of Services, what became of them: exposed, refused, conflicting, odd. */
export class Announcer {
  readonly #catalog: Catalog;
  readonly #logger: Logger;
  /** Set when there is somewhere to send Events. */
  messenger: Messenger | undefined;
  /** Notices in force, by all that they say. */
  #refusals = new Set<string>();
  #conflicts = new Set<string>();
  #warnings = new Set<string>();

  constructor(catalog: Catalog, logger: Logger) {
    this.#catalog = catalog;
    this.#logger = logger;
  }

  announce(delta: TableDelta | undefined): void {
    if (delta !== undefined) this.#announceRoutes(delta);
    this.#refusals = this.#announceNew('refused', this.#catalog.refusals(), this.#refusals);
    this.#conflicts = this.#announceNew('in conflict', this.#catalog.conflicts().map(conflictNotice), this.#conflicts);
    const warnings = this.#catalog.warnings().map(warning => ({ ...warning, reason: 'Warning' }));
    this.#warnings = this.#announceNew('odd', warnings, this.#warnings);
  }

  #announceRoutes({ version, upserts, removals }: TableDelta): void {
    this.#logger.info({ version, changed: upserts.length, removed: removals.length }, 'a new route table');
    const paths = Map.groupBy(upserts, route => serviceKey(route.service));
    for (const [key, routes] of paths) {
      const where = routes.map(({ host, path }) => host + path).join(', ');
      const [first] = routes;
      const endpoint = first?.backend.endpoints.map(({ address, port }) => `${address}:${port}`).join(', ');
      this.#logger.debug({ service: key, where }, 'exposed');
      if (first) this.#tell(first.service, 'Normal', 'Exposed', `exposed at ${where} (to ${endpoint})`);
    }
  }

  #announceNew(what: string, notices: readonly Notice[], known: ReadonlySet<string>): Set<string> {
    const now = new Set<string>();
    for (const { service, reason, message } of notices) {
      const identity = `${serviceKey(service)} ${reason} ${message}`;
      now.add(identity);
      if (known.has(identity)) continue;
      this.#logger.warn({ service: serviceKey(service), reason, problem: message }, `a Service is ${what}`);
      this.#tell(service, 'Warning', reason, message);
    }
    return now;
  }

  #tell(service: ServiceRef, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const metadata = this.#catalog.serviceOf(service)?.metadata;
    // A pushed backend has no object in the cluster that an Event could be about.
    if (metadata !== undefined) this.messenger?.record({ service: metadata, type, reason, message });
  }
}

function conflictNotice({ host, path, winner, loser }: Conflict): Notice {
  return {
    service: loser,
    reason: 'Conflict',
    message: `${host}${path} belongs to the older Service ${serviceKey(winner)}: this one takes over when that one goes`,
  };
}
