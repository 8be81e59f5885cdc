import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusElection } from '../../src/control/status/status-election.ts';
import { StatusPublication, type StatusPublicationOptions } from '../../src/control/status/status-publication.ts';
import { type IngressObject, readIngress } from '../../src/resources/ingress-object.ts';
import { isObject, isShapeProblem } from '../../src/resources/service-object.ts';
import { KubeClient } from '../../src/sources/kube/client.ts';
import { recordingLogger } from '../sources/kube/harness.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ingress } from '../support/ingresses.ts';
import { KubeApi } from '../support/kube-api.ts';
import { service } from '../support/services.ts';

type PublicationSettings = ReturnType<StatusPublicationOptions['settings']>;

const SETTINGS: PublicationSettings = {
  publishService: undefined,
  publishAddress: ['192.0.2.1'],
  clearStatusOnExit: false,
};

/** Replicas beside each other, which see the Ingresses of the API server as they are. */
class Replicas implements AsyncDisposable {
  readonly api: KubeApi;
  readonly clock = new FakeClock();
  readonly #client: KubeClient;
  readonly #all: StatusPublication[] = [];

  private constructor(api: KubeApi) {
    this.api = api;
    this.#client = new KubeClient({ kubeconfig: api.writeKubeconfig(), context: '' }, { clock: this.clock });
  }

  static async start(...names: string[]): Promise<Replicas> {
    const replicas = new Replicas(await KubeApi.start());
    for (const name of names) replicas.api.apply(ingress(name));
    return replicas;
  }

  join(identity: string, settings: () => PublicationSettings): StatusPublication {
    const { logger } = recordingLogger();
    const common = { client: this.#client, logger, clock: this.clock, random: () => 0 };
    const statusLease = { namespace: 'kube-entry', name: 'writer' };
    const publication = new StatusPublication({
      ...common,
      settings,
      election: new StatusElection({ ...common, settings: { statusLease }, identity }),
      served: () => ['a', 'b'].flatMap(name => this.#read(name)),
    });
    this.#all.push(publication);
    publication.start();
    return publication;
  }

  /** Lets time pass until the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    await eventually(`${condition}`, () => {
      this.clock.advance(50);
      return condition();
    });
  }

  statusOf(name: string): unknown {
    const object: unknown = this.api.get('ingresses', 'default', name);
    const status = isObject(object) && isObject(object.status) ? object.status.loadBalancer : undefined;
    return isObject(status) ? status.ingress : undefined;
  }

  get holder(): unknown {
    const lease: unknown = this.api.get('leases', 'kube-entry', 'writer');
    return isObject(lease) && isObject(lease.spec) ? lease.spec.holderIdentity : undefined;
  }

  get writes(): number {
    return this.api.received('patch').filter(({ resource }) => resource === 'ingresses').length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.finish(Promise.all(this.#all.map(each => each.stop())));
    await this.#client.close();
    await this.api[Symbol.asyncDispose]();
  }

  /** Waits for an end that takes time of the clock. */
  async finish(ending: Promise<unknown>): Promise<void> {
    let isOver = false;
    void ending.finally(() => {
      isOver = true;
    });
    await this.until(() => isOver);
  }

  #read(name: string): IngressObject[] {
    const object = this.api.get('ingresses', 'default', name);
    const read = object && readIngress(object, 'default');
    return read === undefined || isShapeProblem(read) ? [] : [read];
  }
}

test('one of two replicas writes each status once, and the other goes on when it ends', async () => {
  await using replicas = await Replicas.start('a', 'b');
  const first = replicas.join('one', () => SETTINGS);
  await replicas.until(() => replicas.holder === 'one');
  replicas.join('two', () => SETTINGS);
  await replicas.until(() => replicas.statusOf('b') !== undefined);
  assert.deepEqual(replicas.statusOf('a'), [{ ip: '192.0.2.1' }]);
  assert.equal(replicas.writes, 2);
  await replicas.finish(first.stop());
  assert.deepEqual(replicas.statusOf('a'), [{ ip: '192.0.2.1' }], 'it is not emptied');
  await replicas.until(() => replicas.holder === 'two');
  replicas.api.apply(ingress('a', { host: 'new.example' }));
  await replicas.until(() => replicas.statusOf('a') !== undefined);
  assert.equal(replicas.writes, 3);
});

test('the addresses of a Service are followed, and nothing is written before it has any', async () => {
  await using replicas = await Replicas.start('a');
  const settings = { ...SETTINGS, publishAddress: [], publishService: { namespace: 'kube-entry', name: 'lb' } };
  replicas.join('one', () => settings);
  await replicas.until(() => replicas.holder === 'one');
  const balancer = (...ips: string[]) => ({
    ...service('lb', { namespace: 'kube-entry', spec: { type: 'LoadBalancer' } }),
    status: { loadBalancer: { ingress: ips.map(ip => ({ ip })) } },
  });
  replicas.api.apply(balancer('192.0.2.7'));
  await replicas.until(() => replicas.statusOf('a') !== undefined);
  assert.deepEqual(replicas.statusOf('a'), [{ ip: '192.0.2.7' }]);
  replicas.api.apply(balancer('192.0.2.8', '192.0.2.7'));
  await replicas.until(() => replicas.writes === 2);
  replicas.api.apply(balancer());
  replicas.api.apply(ingress('b'));
  await replicas.until(() => replicas.clock.monotonic() > 60_000);
  assert.deepEqual(replicas.statusOf('a'), [{ ip: '192.0.2.7' }, { ip: '192.0.2.8' }], 'it is not emptied by surprise');
  assert.equal(replicas.writes, 2);
});

test('no Lease is asked for while there is nothing to publish, and a setting that changes takes effect', async () => {
  await using replicas = await Replicas.start('a');
  let settings: PublicationSettings = { ...SETTINGS, publishAddress: [] };
  replicas.join('one', () => settings);
  await replicas.until(() => replicas.clock.monotonic() > 30_000);
  assert.equal(replicas.api.requests.length, 0);
  settings = SETTINGS;
  await replicas.until(() => replicas.statusOf('a') !== undefined);
});

test('the last replica empties the status at its end where that is wanted, one with a successor does not', async () => {
  await using replicas = await Replicas.start('a', 'b');
  const settings = { ...SETTINGS, clearStatusOnExit: true };
  const first = replicas.join('one', () => settings);
  await replicas.until(() => replicas.holder === 'one');
  const second = replicas.join('two', () => settings);
  await replicas.until(() => replicas.writes === 2);
  await replicas.finish(first.stop());
  assert.deepEqual(replicas.statusOf('a'), [{ ip: '192.0.2.1' }]);
  await replicas.until(() => replicas.holder === 'two');
  await replicas.finish(second.stop());
  assert.deepEqual([replicas.statusOf('a'), replicas.statusOf('b')], [[], []]);
});
