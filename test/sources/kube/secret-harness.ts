/** Sources of Secrets on the fixture, with a clock turned by hand and everything they did written down. */
import { serviceKey } from '../../../src/model/route.ts';
import { Demand } from '../../../src/resources/demand.ts';
import type { Secret } from '../../../src/resources/secret.ts';
import type { SecretRef, SecretStore } from '../../../src/resources/secret-store.ts';
import { fieldName, isShapeProblem, type ShapeProblem } from '../../../src/resources/service-object.ts';
import { KubeClient } from '../../../src/sources/kube/client.ts';
import { secretSources } from '../../../src/sources/kube/secret-source.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { KubeApi, type ReceivedRequest } from '../../support/kube-api.ts';
import { type LogLine, recordingLogger, until } from './harness.ts';

/** What was said of each Secret last. */
export class RecordingSecretStore implements SecretStore {
  readonly demand = new Demand();
  readonly secrets = new Map<string, Secret | undefined>();
  readonly problems = new Map<string, string>();
  readonly refusals = new Map<string, string>();

  setSecret(ref: SecretRef, said: Secret | ShapeProblem | undefined): void {
    const key = serviceKey(ref);
    this.refusals.delete(key);
    this.problems.delete(key);
    this.secrets.delete(key);
    if (said !== undefined && isShapeProblem(said)) this.problems.set(key, `${fieldName(said.path)} ${said.reason}`);
    else this.secrets.set(key, said);
  }

  secretUnreadable(ref: SecretRef, why: string): void {
    this.refusals.set(serviceKey(ref), why);
  }

  want(name: string, isWanted = true, namespace = 'default'): void {
    this.demand.set({ namespace, name }, isWanted);
  }

  /** Waits until this certificate was handed over; undefined: until it was said that there is no such Secret. */
  untilKnown(name: string, chain: string | undefined, namespace = 'default'): Promise<void> {
    const key = `${namespace}/${name}`;
    return until(() => this.secrets.has(key) && `${this.secrets.get(key)?.certificate?.chain}` === `${chain}`);
  }
}

export class SecretHarness {
  readonly api: KubeApi;
  readonly clock = new FakeClock();
  readonly tls = new RecordingSecretStore();
  readonly named = new RecordingSecretStore();
  readonly sources: ReturnType<typeof secretSources>;
  readonly log: LogLine[];
  readonly #client: KubeClient;
  changes = 0;
  #waits = 0;

  private constructor(api: KubeApi, namespace: readonly string[]) {
    const { logger, lines } = recordingLogger();
    this.api = api;
    this.log = lines;
    this.#client = new KubeClient({ kubeconfig: api.writeKubeconfig(), context: '' }, { clock: this.clock });
    this.sources = secretSources({
      settings: { namespace },
      client: this.#client,
      stores: this,
      logger,
      onChange: () => {
        this.changes += 1;
      },
      clock: this.clock,
      random: () => 0.5,
    });
  }

  static async start({ namespace = [] }: { readonly namespace?: readonly string[] } = {}): Promise<SecretHarness> {
    const harness = new SecretHarness(await KubeApi.start(), namespace);
    for (const source of harness.sources) source.start();
    return harness;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.sources.map(source => source.stop()));
    await this.#client.close();
    await this.api[Symbol.asyncDispose]();
  }

  untilWatching(watches = 1): Promise<void> {
    return until(() => this.sources.every(source => source.report().synced) && this.api.openWatches.length === watches);
  }

  /** Waits for the pause after the next failure, and lets it pass. */
  async passPause(duringIt = (): void => undefined): Promise<void> {
    const pauses = () => this.log.flatMap(({ delayMs }) => (delayMs === undefined ? [] : [delayMs]));
    const index = this.#waits;
    await until(() => pauses().length > index);
    this.#waits += 1;
    duringIt();
    this.clock.advance(pauses()[index] ?? 0);
  }

  get isAwaited(): boolean {
    return this.sources.map(source => source.isAwaited).includes(true);
  }

  get problems(): string {
    return this.sources.flatMap(source => source.report().problems).join('; ');
  }

  get lists(): ReceivedRequest[] {
    return this.api.received('list').filter(({ query }) => query.continue === undefined && query.limit !== '1');
  }

  /** The field selectors of the open watches, each with its namespace. */
  get watched(): string[] {
    return this.api.openWatches.map(({ namespace = '*', query }) => `${namespace} ${query.fieldSelector}`).sort();
  }
}
