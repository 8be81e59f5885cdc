/**
 * Static stability: keeps the last good set of watched Services in a file, and gives it back after a restart until the
 * API server has said what is true now.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import { codeOf } from '../../errors.ts';
import { fileProblem } from '../../formats/system-error.ts';
import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import { PREFIX } from '../../resources/annotation-prefix.ts';
import type { ServiceObject } from '../../resources/service-object.ts';
import type { ServiceStore } from '../../resources/service-store.ts';
import { StateFileError } from './errors.ts';
import { type GatewayKeeper, NO_GATEWAYS } from './gateway-keeper.ts';
import { type IngressKeeper, NO_INGRESSES } from './ingress-keeper.ts';
import type { Origin } from './origin.ts';
import { StateFile } from './state-file.ts';
import { decodeState, encodeState, matters } from './state-format.ts';

/** Changes of one second make one file. */
const GATHER_MS = 1_000;
/** A folder that cannot be written is looked at so often. */
const RETRY_MS = 10_000;
/** How often the file's time stamp is refreshed. After a crash, the table may be reported as older than it was by this much. */
const CONFIRM_MS = 15_000;

export interface StateKeeperOptions {
  readonly path: string;
  /** Where the Services go. */
  readonly store: ServiceStore;
  /** The Services that others name: they matter, too, whatever their own annotations. */
  readonly referred?: () => readonly ServiceObject[];
  /** What Ingresses are made of; absent where no Ingress is served. */
  readonly ingresses?: IngressKeeper | undefined;
  /** What Gateways are made of; absent where no Gateway is served. */
  readonly gateways?: GatewayKeeper | undefined;
  readonly origin: () => Promise<Origin>;
  /** Whether the Services in the store are at this moment known to be the cluster's. */
  readonly isCurrent: () => boolean;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Stands between the source and the store, and notes what passes. */
export class StateKeeper implements ServiceStore {
  readonly #options: StateKeeperOptions;
  readonly #file: StateFile;
  /** The Services that matter; undefined until the API server has named them all. */
  #services: Map<string, ServiceObject> | undefined;
  #staleSince: number | undefined;
  #restored: readonly ServiceObject[] = [];
  #confirmedAt = 0;
  /** The file does not hold what #services does. */
  #isBehind = false;
  #cancelWrite: (() => void) | undefined;
  #cancelConfirm: (() => void) | undefined;
  #working: Promise<void> = Promise.resolve();
  #isStopped = false;
  /** Code of the failure that the log knows of. */
  #failure: string | undefined;

  constructor(options: StateKeeperOptions) {
    this.#options = options;
    this.#file = new StateFile(options.path);
    for (const keeper of [options.ingresses, options.gateways]) {
      if (keeper === undefined) continue;
      keeper.onChange = () => {
        if (this.#services !== undefined) this.#changed();
      };
    }
  }

  /** Until when the Services in the store were known to be true, when they are the file's; milliseconds since 1970. */
  get staleSince(): number | undefined {
    return this.#staleSince;
  }

  /** The Services of the file, until the API server has named the present ones. */
  get restored(): readonly ServiceObject[] {
    return this.#restored;
  }

  /**
   * Puts the file's Services into the store, before the source begins. A file that must not be used is reported in the
   * log, and left until the next good state takes its place.
   * @returns whether there were any to put
   */
  async restore(): Promise<boolean> {
    const { path, store, ingresses, gateways, origin, logger, clock } = this.#options;
    try {
      const stored = await this.#file.read();
      if (stored === undefined) return false;
      const state = decodeState(stored.content, await origin());
      const { services } = state;
      this.#staleSince = Math.min(stored.confirmedAt, clock.now());
      // Before the Services: with them the table is complete.
      ingresses?.restore(state);
      gateways?.restore(state);
      store.replace(services);
      this.#restored = services;
      const since = new Date(this.#staleSince).toISOString();
      logger.warn(
        { stateFile: path, services: services.length, ingresses: state.ingresses.length, staleSince: since },
        `stale: the Services of the state file are served until the API server names the present ones${certificatesRemark(services)}`,
      );
      return true;
    } catch (error) {
      const isRefused = error instanceof StateFileError;
      const why = isRefused ? `state file ${path} ${error.message}` : `state file ${path}: ${fileProblem(path, error)}`;
      logger.error(
        { code: isRefused ? error.code : codeOf(error), stateFile: path },
        `${why}. It is not used, and will be replaced when the API server has been read; remove it to be rid of this message.`,
      );
      return false;
    }
  }

  replace(services: readonly ServiceObject[]): void {
    const known = this.#services && keyed(this.#kept());
    this.#options.store.replace(services);
    this.#restored = [];
    this.#services = keyed(services.filter(matters));
    this.#confirmedAt = this.#options.clock.now();
    if (this.#staleSince !== undefined) {
      this.#staleSince = undefined;
      this.#options.logger.info('fresh: the API server has named its Services; those of the state file are gone');
    }
    if (known === undefined) this.#confirmLater();
    // The first set is always written: it is not known yet whether the file holds it.
    if (known === undefined || !isSameSet(known, keyed(this.#kept()))) this.#changed();
  }

  upsert(service: ServiceObject): void {
    this.#options.store.upsert(service);
    if (!matters(service)) {
      this.#forget(service.metadata);
      if (this.#services !== undefined && this.#isReferred(service.metadata)) this.#changed();
    } else if (this.#services !== undefined) {
      this.#services.set(serviceKey(service.metadata), service);
      this.#changed();
    }
  }

  remove(service: ServiceRef): void {
    const isReferred = this.#services !== undefined && this.#isReferred(service);
    this.#options.store.remove(service);
    this.#forget(service);
    if (isReferred) this.#changed();
  }

  /** Writes what is not written yet. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelWrite?.();
    this.#cancelConfirm?.();
    await this.#working;
    if (this.#isBehind) await this.#write();
    else if (this.#services !== undefined) await this.#confirm();
  }

  #isReferred(service: ServiceRef): boolean {
    const { referred = () => [] } = this.#options;
    const key = serviceKey(service);
    return referred().some(({ metadata }) => serviceKey(metadata) === key);
  }

  /** Those that the file is to hold. */
  #kept(): readonly ServiceObject[] {
    const { referred = () => [] } = this.#options;
    return [...(this.#services?.values() ?? []), ...referred().filter(service => !matters(service))];
  }

  #forget(service: ServiceRef): void {
    if (this.#services?.delete(serviceKey(service))) this.#changed();
  }

  #changed(): void {
    this.#isBehind = true;
    this.#confirmedAt = this.#options.clock.now();
    if (this.#cancelWrite === undefined) this.#writeLater(GATHER_MS);
  }

  #writeLater(delayMs: number): void {
    if (this.#isStopped) return;
    this.#cancelWrite = this.#options.clock.setTimer(delayMs, () => {
      this.#working = this.#write().finally(() => {
        this.#cancelWrite = undefined;
        if (this.#isBehind) this.#writeLater(this.#failure === undefined ? GATHER_MS : RETRY_MS);
      });
    });
  }

  #confirmLater(): void {
    if (this.#isStopped) return;
    this.#cancelConfirm = this.#options.clock.setTimer(CONFIRM_MS, () => {
      void this.#confirm().finally(() => this.#confirmLater());
    });
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const { origin, ingresses, gateways } = this.#options;
    this.#isBehind = false;
    try {
      // Both of this moment: changes come while it is written.
      const { configMaps, ...ofIngresses } = ingresses?.kept ?? NO_INGRESSES;
      const { configMaps: more, ...ofGateways } = gateways?.kept ?? NO_GATEWAYS;
      const named = new Map([...configMaps, ...more].map(configMap => [serviceKey(configMap.metadata), configMap]));
      const state = { services: this.#kept(), ...ofIngresses, ...ofGateways, configMaps: [...named.values()] };
      const confirmedAt = this.#confirmedAt;
      const chunks = await encodeState(await origin(), state, () => nextTurn());
      await this.#file.write(chunks, confirmedAt);
      this.#worked();
    } catch (error) {
      this.#isBehind = true;
      this.#failed(error);
    }
  }

  /** Never rejects. */
  async #confirm(): Promise<void> {
    const { isCurrent, clock } = this.#options;
    if (!isCurrent()) return;
    this.#confirmedAt = clock.now();
    if (this.#isBehind) return;
    try {
      await this.#file.confirm(this.#confirmedAt);
    } catch {
      // The file has been removed. It is written again, and a fault of the folder shows then.
      this.#changed();
    }
  }

  #worked(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#options.logger.info({ stateFile: this.#file.path }, 'back: the state file is written again');
  }

  #failed(error: unknown): void {
    const code = codeOf(error) ?? 'UNKNOWN';
    if (this.#failure === code) return;
    this.#failure = code;
    const { path, logger } = this.#options;
    logger.error(
      { code, stateFile: path },
      `state file ${path} cannot be written: ${fileProblem(path, error)}. Routing goes on, but a restart while the API server is away would find no routes or old ones: make the folder writable, or choose another with --state-file.`,
    );
  }
}

/** Secrets are never written to a file. */
function certificatesRemark(services: readonly ServiceObject[]): string {
  const isAsked = services.some(({ metadata }) => metadata.annotations?.[`${PREFIX}tls-secret`] !== undefined);
  return isAsked ? '; it holds no certificates, so the default one serves until then' : '';
}

function keyed(services: readonly ServiceObject[]): Map<string, ServiceObject> {
  return new Map(services.map(service => [serviceKey(service.metadata), service]));
}

/** Every change of an object gives it another version. */
function isSameSet(a: ReadonlyMap<string, ServiceObject>, b: ReadonlyMap<string, ServiceObject>): boolean {
  if (a.size !== b.size) return false;
  return b.entries().every(([key, { metadata }]) => {
    const other = a.get(key)?.metadata;
    return other?.uid === metadata.uid && other?.resourceVersion === metadata.resourceVersion;
  });
}
