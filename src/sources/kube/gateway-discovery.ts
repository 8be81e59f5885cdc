/** Which kinds of the Gateway API an API server has: CRDs may be absent, come late, be a part of them, and go. */
import { type Clock, sleep } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../observe/logger.ts';
import { GATEWAY_KIND_NAMES, GATEWAY_KINDS } from '../../resources/gateway/gateway-kinds.ts';
import { GATEWAY_GROUP, type GatewayKind } from '../../resources/gateway/gateway-object.ts';
import { isObject } from '../../resources/service-object.ts';
import type { KubeClient } from './client.ts';
import { ApiError, BadAnswerError, describe, KubeError, type Operation } from './errors.ts';

/** While a kind is missing: someone may be about to install it. Two small requests. */
const SOON_MS = 10_000;
/** While all are there. */
const SELDOM_MS = 30_000;
/** After a failure. */
const RETRY_MS = 5_000;
/** Others look up to this part later, so that not all replicas ask at the same moment. */
const JITTER = 1.2;
const TIMEOUT_MS = 10_000;
/** In the metadata of every CRD of the Gateway API. */
const BUNDLE = 'gateway.networking.k8s.io/bundle-version';
const BUNDLE_CRD = `gatewayclasses.${GATEWAY_GROUP}`;

/** What there is. */
export interface Discovered {
  /** By kind, the best version that both sides know. */
  readonly versions: ReadonlyMap<GatewayKind, string>;
  /** The release that the CRDs are of, as `v1.6.3`; undefined: they do not say it, or may not be read. */
  readonly bundle: string | undefined;
}

export interface GatewayDiscoveryOptions {
  readonly client: Pick<KubeClient, 'json'>;
  readonly logger: Logger;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Another answer than before, and the first. */
  readonly onChange: (found: Discovered) => void;
}

export class GatewayDiscovery {
  readonly #options: GatewayDiscoveryOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #found: Discovered | undefined;
  #problem: KubeError | undefined;
  #mayReadCrds = true;
  /** Something was heard since it looked last. */
  #isDue = false;
  /** Ends the wait for the next look. */
  #wake: AbortController | undefined;

  constructor(options: GatewayDiscoveryOptions) {
    this.#options = options;
  }

  /** Why it is not known which kinds there are; undefined while it is. What was known before stays so. */
  get problem(): KubeError | undefined {
    return this.#problem;
  }

  get isKnown(): boolean {
    return this.#found !== undefined;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** A kind may have gone. Returns at once. */
  look(): void {
    this.#isDue = true;
    this.#wake?.abort();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { clock, random } = this.#options;
    while (!signal.aborted) {
      this.#isDue = false;
      const pauseMs = await this.#round(signal);
      if (this.#isDue) continue;
      this.#wake = new AbortController();
      await sleep(clock, pauseMs * (1 + (JITTER - 1) * random()), AbortSignal.any([signal, this.#wake.signal]));
    }
  }

  /** @returns milliseconds until the next */
  async #round(signal: AbortSignal): Promise<number> {
    try {
      const versions = await this.#versions(signal);
      const bundle = versions.has('GatewayClass') ? await this.#bundle(signal) : undefined;
      if (signal.aborted) return 0;
      this.#problem = undefined;
      this.#see({ versions, bundle });
      return versions.size === DISCOVERED_KINDS.length ? SELDOM_MS : SOON_MS;
    } catch (error) {
      if (signal.aborted) return 0;
      const failure = error instanceof KubeError ? error : new BadAnswerError(messageOf(error), { cause: error });
      if (this.#problem === undefined) {
        this.#options.logger.warn(
          { code: failure.code },
          `it is not known which kinds of the Gateway API there are: ${failure.message}. ${this.isKnown ? 'What was known before counts' : 'No Gateway is served yet'}; trying again until it works.`,
        );
      }
      this.#problem = failure;
      return Math.max(RETRY_MS, failure.retryAfterMs);
    }
  }

  #see(found: Discovered): void {
    const before = this.#found;
    if (before !== undefined && isSame(before, found)) return;
    this.#found = found;
    const { logger } = this.#options;
    const { versions, bundle = 'of unknown version' } = found;
    const absent = DISCOVERED_KINDS.filter(kind => !versions.has(kind));
    if (versions.size === 0) {
      logger.info('the API server has no Gateway API: Gateways are served as soon as its CRDs are installed');
    } else {
      const rest = absent.length === 0 ? '' : `, without ${absent.join(', ')}`;
      logger.info(`the API server has the Gateway API, ${bundle}${rest}`);
    }
    this.#options.onChange(found);
  }

  async #versions(signal: AbortSignal): Promise<Map<GatewayKind, string>> {
    const versions = new Map<GatewayKind, string>();
    for (const version of VERSIONS) {
      const missing = DISCOVERED_KINDS.filter(
        kind => !versions.has(kind) && GATEWAY_KINDS[kind].versions.includes(version),
      );
      if (missing.length === 0) break;
      const resources = await this.#resources(version, signal);
      for (const kind of missing) if (resources.has(GATEWAY_KINDS[kind].resource)) versions.set(kind, version);
    }
    return versions;
  }

  /** The names of the resources in a version; none where the server has no such version. @throws KubeError */
  async #resources(version: string, signal: AbortSignal): Promise<Set<unknown>> {
    const operation: Operation = { verb: 'get', resource: 'apiresources', namespace: undefined, version };
    try {
      const answer = await this.#options.client.json({ operation, signal, timeoutMs: TIMEOUT_MS });
      if (!isObject(answer) || !Array.isArray(answer.resources)) {
        throw new BadAnswerError(`get ${describe(operation)}: the answer is no list of resources`);
      }
      return new Set((answer.resources as unknown[]).map(resource => (isObject(resource) ? resource.name : undefined)));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return new Set();
      throw error;
    }
  }

  /** Nothing but a condition of GatewayClasses depends on it: without it everything works. */
  async #bundle(signal: AbortSignal): Promise<string | undefined> {
    if (!this.#mayReadCrds) return undefined;
    const operation: Operation = { verb: 'get', resource: 'customresourcedefinitions', namespace: undefined };
    try {
      const request = { operation, name: BUNDLE_CRD, metadataOnly: true, signal, timeoutMs: TIMEOUT_MS } as const;
      const crd = await this.#options.client.json(request);
      const metadata = isObject(crd) && isObject(crd.metadata) ? crd.metadata : {};
      const version = isObject(metadata.annotations) ? metadata.annotations[BUNDLE] : undefined;
      return typeof version === 'string' ? version.slice(0, LONGEST_VERSION) : undefined;
    } catch (error) {
      if (signal.aborted || !(error instanceof ApiError)) throw error;
      if (error.status === 403) {
        this.#mayReadCrds = false;
        this.#options.logger.warn(`the version of the Gateway API's CRDs is not known: ${error.message}`);
      }
      return undefined;
    }
  }
}

const LONGEST_VERSION = 64;
const VERSIONS = ['v1', 'v1beta1'];

/** The kinds of which there are CRDs. */
export const DISCOVERED_KINDS = GATEWAY_KIND_NAMES.filter(kind => GATEWAY_KINDS[kind].group === GATEWAY_GROUP);

function isSame(one: Discovered, other: Discovered): boolean {
  if (one.bundle !== other.bundle || one.versions.size !== other.versions.size) return false;
  return one.versions.entries().every(([kind, version]) => other.versions.get(kind) === version);
}
