/** Services, Ingresses, and what belongs to them, from files of YAML or JSON, followed while they change: `--manifests`. */
import { basename, dirname, resolve } from 'node:path';
import { messageOf } from '../errors.ts';
import { serviceKey } from '../model/route.ts';
import type { Logger } from '../observe/logger.ts';
import type { EndpointSliceStore } from '../resources/endpoint-slice-store.ts';
import type { GatewayStore } from '../resources/gateway/gateway-store.ts';
import type { IngressStore } from '../resources/ingress-store.ts';
import type { SecretStores } from '../resources/secret-store.ts';
import type { ServiceObject } from '../resources/service-object.ts';
import type { ServiceStore } from '../resources/service-store.ts';
import { FollowedManifest, GRACE_MS } from './followed-manifest.ts';
import { type ManifestObjects, type ManifestProblem, NO_OBJECTS } from './manifest-contents.ts';
import { listManifests, mergeManifests } from './manifest-files.ts';
import { ManifestGateways } from './manifest-gateways.ts';
import { ManifestIngresses } from './manifest-ingresses.ts';
import { ManifestSecrets } from './manifest-secrets.ts';
import { groupSlices, ManifestSlices, type SlicesByService } from './manifest-slices.ts';
import { PathWatch } from './path-watch.ts';

export interface ManifestSourceOptions {
  /** A file, or a directory whose `*.yaml`, `*.yml` and `*.json` files are read, without those in directories below. */
  readonly path: string;
  /** Of Services that name none. */
  readonly defaultNamespace?: string;
  readonly store: ServiceStore;
  readonly slices: EndpointSliceStore;
  readonly secrets: SecretStores;
  /** Absent where no Ingress is to be served. */
  readonly ingresses?: IngressStore | undefined;
  /** Absent where no Gateway is to be served. */
  readonly gateways?: GatewayStore | undefined;
  readonly logger: Logger;
  /** The store has changed. @param receivedAtMs when the files were seen to have, in milliseconds since the epoch */
  readonly onChange: (receivedAtMs: number) => void;
}

/** An editor takes several steps to save once. */
const SETTLE_MS = 30;
/** What the files hold together. */
interface Served {
  readonly services: ReadonlyMap<string, ServiceObject>;
  readonly slices: SlicesByService;
  readonly others: ManifestObjects;
}

/** For what no event tells: network file systems, links into directories elsewhere, a path that returns. */
const POLL_MS = 500;

/**
 * Follows manifests. A bad file is reported and its last good version goes on serving, as does everything when the path
 * itself vanishes. Files are read synchronously: a scan sees them at one moment, and no traffic runs on this thread.
 */
export class ManifestSource {
  readonly #options: ManifestSourceOptions;
  readonly #watch: PathWatch;
  readonly #parentWatch: PathWatch;
  readonly #secrets: ManifestSecrets;
  readonly #slices: ManifestSlices;
  readonly #ingresses: ManifestIngresses | undefined;
  readonly #gateways: ManifestGateways | undefined;
  /** In the order in which they count. */
  #files = new Map<string, FollowedManifest>();
  #served: Served = { services: new Map(), slices: new Map(), others: NO_OBJECTS };
  #problems: readonly ManifestProblem[] = [];
  #isSynced = false;
  /** Since when the path cannot be listed, on the monotonic clock; and why, once that has lasted. */
  #absentSince: number | undefined;
  #absence: { readonly reason: string; readonly since: string } | undefined;
  #poll: NodeJS.Timeout | undefined;
  #nextScan: NodeJS.Timeout | undefined;

  constructor(options: ManifestSourceOptions) {
    this.#options = options;
    const { path, logger } = options;
    const own = basename(resolve(path));
    this.#secrets = new ManifestSecrets(options.secrets);
    this.#slices = new ManifestSlices(options.slices);
    this.#ingresses = options.ingresses && new ManifestIngresses(options.ingresses);
    this.#gateways = options.gateways && new ManifestGateways(options.gateways);
    this.#watch = new PathWatch(path, logger, () => this.#scanSoon(SETTLE_MS, Date.now()));
    this.#parentWatch = new PathWatch(dirname(resolve(path)), logger, name => {
      if (name === null || name === own || name.startsWith('..')) this.#scanSoon(SETTLE_MS, Date.now());
    });
  }

  /**
   * Gives the store its first complete set, whatever is wrong with some of the files, and goes on following them.
   * @throws UnavailableError when the path does not exist or cannot be read
   */
  async start(): Promise<void> {
    const { path, store, logger, onChange } = this.#options;
    const receivedAtMs = Date.now();
    const listed = listManifests(path);
    // Watched before it is read: a change in between is seen by one of the two.
    this.#follow();
    this.#served = this.#merge(this.#look(listed, receivedAtMs));
    const { services, slices, others } = this.#served;
    this.#secrets.replace(others.secrets);
    this.#slices.replace(slices);
    this.#ingresses?.replace(others);
    this.#gateways?.replace(others);
    store.replace([...services.values()]);
    this.#isSynced = true;
    const counts = { files: this.#files.size, services: services.size, ingresses: others.ingresses.length };
    logger.info({ path, ...counts }, `${path}: manifests read`);
    if (this.#ingresses === undefined && counts.ingresses > 0) {
      logger.info(`${path}: its Ingresses are not served; --ingress-class NAME serves those of a class`);
    }
    const gatewayCount = others.gatewayObjects.filter(({ kind }) => kind !== 'Namespace').length;
    if (this.#gateways === undefined && gatewayCount > 0) {
      logger.info(
        `${path}: its objects of the Gateway API are not served; --gateway-controller NAME serves the Gateways of a controller`,
      );
    }
    onChange(receivedAtMs);
    // Nothing here keeps the process alive: that is for the listeners.
    this.#poll = setInterval(() => this.#scan(Date.now()), POLL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#nextScan);
    this.#watch.close();
    this.#parentWatch.close();
    this.#secrets.stop();
    this.#slices.stop();
    this.#ingresses?.stop();
    this.#gateways?.stop();
  }

  /** What is wrong with the files as they are now. */
  problems(): readonly ManifestProblem[] {
    return this.#problems;
  }

  report(): {
    readonly kind: 'manifests';
    readonly synced: boolean;
    readonly lostSince?: string;
    readonly problem?: string;
  } {
    const [first, ...others] = this.#problems.map(problemLine);
    const problem = this.#absence?.reason ?? (others.length === 0 ? first : `${first} (and ${others.length} more)`);
    const synced = this.#isSynced && this.#absence === undefined;
    return {
      kind: 'manifests',
      synced,
      ...(this.#absence === undefined ? {} : { lostSince: this.#absence.since }),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  /**
   * What replaces a file is seen in its parent, and there kubelet swaps `..data` to change a mounted ConfigMap. The parent of a
   * directory is not watched: the directory tells when it is moved or deleted, and each line of a log beside it would wake this thread.
   */
  #follow(): void {
    if (this.#watch.follow()) this.#parentWatch.close();
    else this.#parentWatch.follow();
  }

  #scanSoon(delayMs: number, receivedAtMs: number): void {
    this.#nextScan ??= setTimeout(() => this.#scan(receivedAtMs), delayMs).unref();
  }

  #scan(receivedAtMs: number): void {
    clearTimeout(this.#nextScan);
    this.#nextScan = undefined;
    let listed: readonly string[];
    try {
      this.#follow();
      listed = listManifests(this.#options.path);
    } catch (error) {
      this.#pathIsAbsent(messageOf(error), receivedAtMs);
      return;
    }
    this.#pathIsPresent();
    const changed = this.#look(listed, receivedAtMs);
    if (changed.size > 0) this.#serve(this.#merge(changed), receivedAtMs);
  }

  /** Looks at every file. @returns those that have changed or are gone */
  #look(listed: readonly string[], receivedAtMs: number): Set<string> {
    const changed = new Set<string>();
    const files = new Map<string, FollowedManifest>();
    const now = performance.now();
    for (const file of [...new Set([...listed, ...this.#files.keys()])].sort()) {
      const manifest = this.#files.get(file) ?? new FollowedManifest(file, this.#options.defaultNamespace ?? 'default');
      const look = manifest.look(now);
      if (look !== 'gone') files.set(file, manifest);
      if (look === 'changed' || look === 'gone') changed.add(file);
      if (look === 'doubtful') this.#scanSoon(GRACE_MS, receivedAtMs);
    }
    this.#files = files;
    return changed;
  }

  /** Puts the files together, and logs what is wrong, once for each change of a file, and what is no longer wrong. */
  #merge(changed: ReadonlySet<string>): Served {
    const { problems, ...objects } = mergeManifests([...this.#files.values()].map(({ contents }) => contents));
    const { logger } = this.#options;
    const before = this.#problems;
    const known = new Set(before.map(problemLine));
    this.#problems = problems;
    for (const problem of problems) {
      const text = problemLine(problem);
      if (!changed.has(problem.file) && known.has(text)) continue;
      const isStale = this.#files.get(problem.file)?.servesEarlierVersion === true;
      logger.warn(isStale ? `${text}; what this file held before is still served` : text);
    }
    const bad = new Set(problems.map(({ file }) => file));
    for (const file of new Set(before.map(problem => problem.file))) {
      if (!bad.has(file)) logger.info(`${file}: ${this.#files.has(file) ? 'has no problems any more' : 'is gone'}`);
    }
    return {
      services: new Map(objects.services.map(({ object }) => [serviceKey(object.metadata), object])),
      slices: groupSlices(objects.slices),
      others: objects,
    };
  }

  #serve(served: Served, receivedAtMs: number): void {
    const { store, onChange } = this.#options;
    const before = this.#served.services;
    this.#served = served;
    // Before the Services: those that ask from now on are told at once.
    let isChanged = this.#secrets.replace(served.others.secrets);
    if (this.#slices.replace(served.slices)) isChanged = true;
    if (this.#ingresses?.replace(served.others) === true) isChanged = true;
    if (this.#gateways?.replace(served.others) === true) isChanged = true;
    for (const [key, { metadata }] of before) {
      if (served.services.has(key)) continue;
      store.remove(metadata);
      isChanged = true;
    }
    for (const [key, object] of served.services) {
      if (before.get(key) === object) continue;
      store.upsert(object);
      isChanged = true;
    }
    if (isChanged) onChange(receivedAtMs);
  }

  #pathIsAbsent(reason: string, receivedAtMs: number): void {
    if (this.#absence !== undefined) return;
    const now = performance.now();
    this.#absentSince ??= now;
    if (now - this.#absentSince < GRACE_MS) {
      this.#scanSoon(GRACE_MS, receivedAtMs);
    } else {
      this.#absence = { reason, since: new Date().toISOString() };
      this.#options.logger.warn(`${reason}; what it held last is served until it returns`);
    }
  }

  #pathIsPresent(): void {
    if (this.#absence !== undefined) this.#options.logger.info(`${this.#options.path} is back`);
    this.#absence = undefined;
    this.#absentSince = undefined;
  }
}

function problemLine({ file, line, reason }: ManifestProblem): string {
  return `${file}:${line}: ${reason}`;
}
