/** A source of EndpointSlices on the fixture, with a clock turned by hand and everything it did written down. */
import { type ServiceRef, serviceKey } from '../../../src/model/route.ts';
import { Demand } from '../../../src/resources/demand.ts';
import type { EndpointSlice } from '../../../src/resources/endpoint-slice.ts';
import type { EndpointSliceStore } from '../../../src/resources/endpoint-slice-store.ts';
import { KubeClient } from '../../../src/sources/kube/client.ts';
import type { DemandSource } from '../../../src/sources/kube/demand-source.ts';
import { endpointSliceSource } from '../../../src/sources/kube/endpoint-slice-source.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { KubeApi, type ReceivedRequest } from '../../support/kube-api.ts';
import { INFO, type LogLine, recordingLogger, until } from './harness.ts';

/** What is known of each Service: the addresses of its slices, or why they cannot be read. */
export class RecordingSliceStore implements EndpointSliceStore {
  readonly demand = new Demand();
  readonly addresses = new Map<string, string>();
  readonly refusals = new Map<string, string>();
  calls = 0;

  setSlices(service: ServiceRef, slices: readonly EndpointSlice[]): void {
    this.calls += 1;
    const addresses = slices.flatMap(({ endpoints }) => endpoints.map(({ address }) => address));
    this.addresses.set(serviceKey(service), addresses.sort().join(' '));
    this.refusals.delete(serviceKey(service));
  }

  slicesUnreadable(service: ServiceRef, why: string): void {
    this.calls += 1;
    this.addresses.delete(serviceKey(service));
    this.refusals.set(serviceKey(service), why);
  }
}

export class SliceHarness {
  readonly api: KubeApi;
  readonly clock = new FakeClock();
  readonly store = new RecordingSliceStore();
  readonly client: KubeClient;
  readonly source: DemandSource<EndpointSlice>;
  readonly log: LogLine[];
  changes = 0;
  #waits = 0;

  private constructor(api: KubeApi, namespace: readonly string[]) {
    const { logger, lines } = recordingLogger();
    this.api = api;
    this.log = lines;
    this.client = new KubeClient({ kubeconfig: api.writeKubeconfig(), context: '' }, { clock: this.clock });
    this.source = endpointSliceSource({
      settings: { namespace },
      client: this.client,
      store: this.store,
      logger,
      onChange: () => {
        this.changes += 1;
      },
      clock: this.clock,
      random: () => 0.5,
    });
  }

  static async start({ namespace = [] }: { readonly namespace?: readonly string[] } = {}): Promise<SliceHarness> {
    const harness = new SliceHarness(await KubeApi.start(), namespace);
    harness.source.start();
    return harness;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source.stop();
    await this.client.close();
    await this.api[Symbol.asyncDispose]();
  }

  want(name: string, isWanted = true, namespace = 'default'): void {
    this.store.demand.set({ namespace, name }, isWanted);
  }

  /** @param addresses those of the Service's slices, in order */
  untilServed(name: string, addresses: string, namespace = 'default'): Promise<void> {
    return until(() => this.store.addresses.get(`${namespace}/${name}`) === addresses);
  }

  untilWatching(): Promise<void> {
    return until(() => this.source.report().synced && this.api.openWatches.length > 0);
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

  get lists(): ReceivedRequest[] {
    return this.api.received('list').filter(({ query }) => query.continue === undefined && query.limit !== '1');
  }

  get story(): string[] {
    return this.log.filter(({ level }) => level >= INFO).map(({ msg }) => msg);
  }
}
