/** A KubeSource on the fixture, with a clock turned by hand and everything it did written down. */
import { getEventListeners } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { pino } from 'pino';
import { serviceKey } from '../../../src/model/route.ts';
import type { ServiceObject } from '../../../src/resources/service-object.ts';
import type { ServiceStore } from '../../../src/resources/service-store.ts';
import type { AccessSurroundings } from '../../../src/sources/kube/access.ts';
import { KubeClient, type KubeRequest } from '../../../src/sources/kube/client.ts';
import { KubeSource } from '../../../src/sources/kube/kube-source.ts';
import { DEADLINE_MS } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { KubeApi } from '../../support/kube-api.ts';

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly code?: string;
  readonly delayMs?: number;
}

export const INFO = 30;
/** A stream that is taken up after a failure counts as good when it has stood for so long. */
const TRIAL_MS = 1_000;

/** Polls, because what is awaited happens on real sockets. @throws when it does not come true */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never came true: ${condition}`);
    await new Promise(resolve => setTimeout(resolve, 2));
  }
}

/** What the source said last. */
export class RecordingStore implements ServiceStore {
  readonly services = new Map<string, ServiceObject>();
  readonly calls: string[] = [];

  replace(services: readonly ServiceObject[]): void {
    this.services.clear();
    for (const service of services) this.services.set(serviceKey(service.metadata), service);
    this.calls.push(`replace ${this.names}`);
  }

  upsert(service: ServiceObject): void {
    this.services.set(serviceKey(service.metadata), service);
    this.calls.push(`upsert ${service.metadata.name}`);
  }

  remove(service: { namespace: string; name: string }): void {
    this.services.delete(serviceKey(service));
    this.calls.push(`remove ${service.name}`);
  }

  get names(): string {
    return [...this.services.values()]
      .map(({ metadata }) => metadata.name)
      .sort()
      .join(' ');
  }

  annotation(key: string): string | undefined {
    return this.services.get(key)?.metadata.annotations?.['kube-entry.io/path'];
  }
}

/** Counts the streams it opens, and knows who ends them. */
class RecordingClient extends KubeClient {
  streams = 0;
  readonly #signals = new Set<AbortSignal>();

  override async stream(request: KubeRequest): Promise<IncomingMessage> {
    this.#signals.add(request.signal);
    const response = await super.stream(request);
    this.streams += 1;
    return response;
  }

  /** Those who wait for the end of what they do. */
  get listeners(): number {
    return [...this.#signals].reduce((sum, signal) => sum + getEventListeners(signal, 'abort').length, 0);
  }
}

export function recordingLogger(): { logger: pino.Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) });
  return { logger, lines };
}

export interface HarnessOptions {
  readonly api?: KubeApi;
  readonly namespace?: readonly string[];
  readonly selector?: string;
  readonly store?: RecordingStore;
  readonly restored?: readonly ServiceObject[];
  readonly random?: () => number;
  /** As a pod with this home folder would find the way to the API; undefined: by a kubeconfig. */
  readonly podHome?: string;
}

export class Harness {
  readonly api: KubeApi;
  readonly clock = new FakeClock();
  readonly store: RecordingStore;
  readonly client: RecordingClient;
  readonly source: KubeSource;
  /** When each change was received. */
  readonly changes: number[] = [];
  readonly log: LogLine[];
  #waits = 0;

  private constructor(api: KubeApi, options: HarnessOptions) {
    const { namespace = [], selector = '', store = new RecordingStore(), random = () => 0.5, podHome } = options;
    const { restored = [] } = options;
    const { logger, lines } = recordingLogger();
    this.api = api;
    this.store = store;
    this.log = lines;
    const pod: Partial<AccessSurroundings> = podHome === undefined ? {} : surroundingsOfPod(api, podHome);
    const kubeconfig = podHome === undefined ? api.writeKubeconfig() : '';
    this.client = new RecordingClient({ kubeconfig, context: '' }, { clock: this.clock, ...pod });
    this.source = new KubeSource({
      settings: { namespace, selector },
      client: this.client,
      store,
      restored: () => restored,
      logger,
      onChange: receivedAt => void this.changes.push(receivedAt),
      clock: this.clock,
      random,
    });
  }

  /** A source that has not been started. */
  static async create(options: HarnessOptions = {}): Promise<Harness> {
    return new Harness(options.api ?? (await KubeApi.start()), options);
  }

  /** A source that has listed and watches. */
  static async connected(options: HarnessOptions = {}): Promise<Harness> {
    const harness = await Harness.create(options);
    harness.source.start();
    try {
      await harness.untilWatching();
    } catch (error) {
      await harness[Symbol.asyncDispose]();
      throw error;
    }
    return harness;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source.stop();
    this.client.close();
    await this.api[Symbol.asyncDispose]();
  }

  /** Turns the clock on by a second if that is all a watch needs. @param streams number that must have been begun by then */
  async untilWatching(streams = 1): Promise<void> {
    await until(() => {
      if (this.streams < streams || this.api.openWatches.length === 0) return false;
      if (!this.source.report().synced && this.clock.soonest === TRIAL_MS) this.clock.advance(TRIAL_MS);
      return this.source.report().synced;
    });
  }

  untilServed(names: string): Promise<void> {
    return until(() => this.store.names === names);
  }

  /** Waits until the source pauses after a failure. @returns for how long, in milliseconds */
  async nextPause(): Promise<number> {
    const pauses = () => this.log.flatMap(({ delayMs }) => (delayMs === undefined ? [] : [delayMs]));
    const index = this.#waits;
    await until(() => pauses().length > index);
    this.#waits += 1;
    return pauses()[index] ?? 0;
  }

  /** Waits for the pause after the next failure, and lets it pass. */
  async passPause(): Promise<void> {
    this.clock.advance(await this.nextPause());
  }

  /** How often everything was read: requests for one object only ask for the version. */
  get lists(): number {
    return this.api.received('list').filter(({ query }) => query.limit !== '1' && query.continue === undefined).length;
  }

  /** Watches whose head has come. */
  get streams(): number {
    return this.client.streams;
  }

  /** What the log tells people: without debug lines. */
  get story(): string[] {
    return this.log.filter(({ level }) => level >= INFO).map(({ msg }) => msg);
  }
}

function surroundingsOfPod(api: KubeApi, home: string): Partial<AccessSurroundings> {
  const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) };
  return { environment, home, accountFolder: api.writeServiceAccount() };
}
