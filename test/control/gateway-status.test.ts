import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayPublication } from '../../src/control/status/gateway-publication.ts';
import { StatusElection } from '../../src/control/status/status-election.ts';
import { isObject } from '../../src/resources/service-object.ts';
import { KubeClient } from '../../src/sources/kube/client.ts';
import { GatewayKeeper } from '../../src/sources/kube/gateway-keeper.ts';
import { GatewaySource } from '../../src/sources/kube/gateway-source.ts';
import { gatewayKey } from '../../src/translate/gateway/gateway-key.ts';
import type { ObjectStatus } from '../../src/translate/gateway/gateway-status.ts';
import { recordingLogger } from '../sources/kube/harness.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingGatewayStore } from '../support/gateway-store.ts';
import { CONTROLLER, httpRoute } from '../support/gateways.ts';
import { KubeApi } from '../support/kube-api.ts';

const LEASE = { namespace: 'kube-entry', name: 'writer' };
const FOREIGN = { parentRef: { name: 'theirs' }, controllerName: 'example.com/other', conditions: [] };

function accepted(name: string, generation = 1, message = ''): ObjectStatus {
  const parentRef = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gate' };
  const conditions = [{ type: 'Accepted', status: 'True', reason: 'Accepted', message }] as const;
  return {
    object: { kind: 'HTTPRoute', namespace: 'default', name },
    generation,
    status: { kind: 'HTTPRoute', parents: [{ parentRef, conditions }] },
  };
}

/** One replica: it reads what the API server has, and is told by the test what to say of it. */
class Replica {
  readonly log = recordingLogger();
  readonly keeper = new GatewayKeeper(new RecordingGatewayStore());
  readonly publication: GatewayPublication;
  readonly source: GatewaySource;
  readonly #election: StatusElection;
  readonly #news = new Map<string, ObjectStatus | undefined>();
  /** Its requests are not answered any more, and nothing of it reaches the API server. */
  isCutOff = false;
  /** Requests that are about to be answered. */
  asking = 0;

  constructor(client: KubeClient, clock: FakeClock, identity: string) {
    const { logger } = this.log;
    const cut = {
      json: async (request: Parameters<KubeClient['json']>[0]): Promise<unknown> => {
        if (!this.isCutOff) {
          this.asking += 1;
          return await client.json(request).finally(() => {
            this.asking -= 1;
          });
        }
        return await new Promise((_, reject) =>
          request.signal.addEventListener('abort', () => reject(request.signal.reason)),
        );
      },
    };
    const common = { logger, clock, random: () => 0 };
    this.#election = new StatusElection({ ...common, client: cut, settings: { statusLease: LEASE }, identity });
    this.source = new GatewaySource({
      ...{ ...common, client, settings: { namespace: [] }, store: this.keeper },
      onChange: () => undefined,
    });
    this.publication = new GatewayPublication({
      ...{ ...common, client: cut, controllerName: CONTROLLER, election: this.#election, keeper: this.keeper },
      versionOf: kind => this.source.versionOf(kind),
      source: {
        takeStatuses: () => {
          const news = new Map(this.#news);
          this.#news.clear();
          return news;
        },
      },
    });
    this.source.start();
    this.publication.start();
  }

  /** The catalog has come to these. */
  say(...statuses: readonly ObjectStatus[]): void {
    for (const status of statuses) this.#news.set(gatewayKey(status.object.kind, status.object), status);
    this.publication.take()();
  }

  sayNothingOf(name: string): void {
    this.#news.set(gatewayKey('HTTPRoute', { namespace: 'default', name }), undefined);
    this.publication.take()();
  }

  get warnings(): string[] {
    return this.log.lines.filter(({ level }) => level >= 40).map(({ msg }) => msg);
  }

  async stop(): Promise<void> {
    await Promise.all([this.source.stop(), this.publication.stop()]);
    await this.#election.stop();
  }
}

class Scene implements AsyncDisposable {
  readonly api: KubeApi;
  readonly clock = new FakeClock();
  readonly #client: KubeClient;
  readonly #replicas: Replica[] = [];

  private constructor(api: KubeApi) {
    this.api = api;
    this.#client = new KubeClient({ kubeconfig: api.writeKubeconfig(), context: '' }, { clock: this.clock });
  }

  static async start(...routes: readonly string[]): Promise<Scene> {
    const scene = new Scene(await KubeApi.start());
    scene.api.install('v1', 'gatewayclasses', 'gateways', 'httproutes');
    for (const name of routes) scene.api.apply(httpRoute(name));
    return scene;
  }

  /** It sees all routes. */
  async join(identity: string): Promise<Replica> {
    const replica = new Replica(this.#client, this.clock, identity);
    this.#replicas.push(replica);
    await this.until(() => replica.keeper.all('HTTPRoute')[Symbol.iterator]().next().done === false);
    return replica;
  }

  /** Lets time pass until the condition holds; while a request is under way, it stands still. */
  async until(condition: () => boolean, stepMs = 50): Promise<void> {
    await eventually(`${condition}`, () => {
      if (!condition() && this.#replicas.every(({ asking }) => asking === 0)) this.clock.advance(stepMs);
      return condition();
    });
  }

  /** Lets time pass, with turns of the event loop for what it sets off. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.clock.monotonic() + milliseconds;
    await this.until(() => this.clock.monotonic() >= end, 500);
  }

  parentsOf(name: string): readonly Record<string, unknown>[] {
    const object: unknown = this.api.get('httproutes', 'default', name);
    const status = isObject(object) && isObject(object.status) ? object.status : {};
    return (status.parents ?? []) as readonly Record<string, unknown>[];
  }

  messageOf(name: string): unknown {
    const entry = this.parentsOf(name).find(({ controllerName }) => controllerName === CONTROLLER);
    return (entry?.conditions as readonly { readonly message: string }[] | undefined)?.[0]?.message;
  }

  /** Another controller, or a person, changes what is stored. */
  write(name: string, parents: readonly object[]): void {
    const object = this.api.get('httproutes', 'default', name);
    assert.ok(object);
    this.api.apply(Object.assign({}, object, { status: { parents } }));
  }

  get writes(): number {
    return this.api.received('update').length;
  }

  get holder(): unknown {
    const lease: unknown = this.api.get('leases', LEASE.namespace, LEASE.name);
    return isObject(lease) && isObject(lease.spec) ? lease.spec.holderIdentity : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    let isOver = false;
    const ending = Promise.all(this.#replicas.map(replica => replica.stop())).finally(() => {
      isOver = true;
    });
    await this.until(() => isOver);
    await ending;
    await this.#client.close();
    await this.api[Symbol.asyncDispose]();
  }
}

test('one of two replicas writes each status once, and none when nothing has changed', async () => {
  await using scene = await Scene.start('a', 'b');
  const one = await scene.join('one');
  await scene.until(() => scene.holder === 'one');
  const two = await scene.join('two');
  for (const replica of [one, two]) replica.say(accepted('a'), accepted('b'));
  await scene.until(() => scene.parentsOf('a').length === 1 && scene.parentsOf('b').length === 1);
  const [{ controllerName, conditions } = {}] = scene.parentsOf('a');
  assert.equal(controllerName, CONTROLLER);
  assert.deepEqual(
    (conditions as readonly { observedGeneration: number }[]).map(each => each.observedGeneration),
    [1],
  );
  await scene.pass(60_000);
  assert.equal(scene.writes, 2);
  assert.deepEqual(one.publication.counts, { written: 2, conflicts: 0, failed: 0 });
  assert.deepEqual(two.publication.counts, { written: 0, conflicts: 0, failed: 0 });
});

test('where the writer falls silent another replica goes on within 20 s', async () => {
  await using scene = await Scene.start('a');
  const one = await scene.join('one');
  await scene.until(() => scene.holder === 'one');
  const two = await scene.join('two');
  for (const replica of [one, two]) replica.say(accepted('a'));
  await scene.until(() => scene.messageOf('a') === '');
  one.isCutOff = true;
  const since = scene.clock.monotonic();
  for (const replica of [one, two]) replica.say(accepted('a', 1, 'new'));
  await scene.until(() => scene.messageOf('a') === 'new');
  const tookMs = scene.clock.monotonic() - since;
  assert.ok(tookMs <= 20_000, `${tookMs} ms`);
  assert.equal(scene.holder, 'two');
});

test('another controller that is faster loses nothing', async () => {
  await using scene = await Scene.start('a');
  const one = await scene.join('one');
  await scene.until(() => scene.holder === 'one');
  let times = 3;
  scene.api.onRequest = ({ verb }) => {
    if (verb !== 'update' || times === 0) return;
    times -= 1;
    scene.write('a', [{ ...FOREIGN, times }]);
  };
  one.say(accepted('a'));
  await scene.until(() => one.publication.counts.written === 1);
  assert.deepEqual(scene.parentsOf('a')[0], { ...FOREIGN, times: 0 });
  assert.equal(scene.parentsOf('a').length, 2);
  assert.deepEqual(one.publication.counts, { written: 1, conflicts: 3, failed: 0 });
});

test('an entry that another program takes away is put back, and a program that insists is told of once', async () => {
  await using scene = await Scene.start('a');
  const one = await scene.join('one');
  await scene.until(() => scene.holder === 'one');
  one.say(accepted('a'));
  await scene.until(() => scene.messageOf('a') === '');
  for (let round = 0; round < 3; round += 1) {
    scene.write('a', [FOREIGN]);
    await scene.until(() => scene.messageOf('a') === '');
  }
  assert.deepEqual(scene.parentsOf('a')[0], FOREIGN);
  const before = scene.clock.monotonic();
  scene.write('a', []);
  await scene.until(() => scene.messageOf('a') === '');
  assert.ok(scene.clock.monotonic() - before > 50_000, 'once a minute');
  assert.equal(one.warnings.filter(text => text.includes('another program writes something else')).length, 1);
});

test('what is contested keeps nothing else from being written: neither what is said anew, nor of an object that is made again', async () => {
  await using scene = await Scene.start('a');
  const one = await scene.join('one');
  await scene.until(() => scene.holder === 'one');
  one.say(accepted('a'));
  const contest = async (message: string): Promise<void> => {
    for (let round = 0; round < 3; round += 1) {
      scene.write('a', [FOREIGN]);
      await scene.until(() => scene.messageOf('a') === message);
    }
    scene.write('a', [FOREIGN]);
    await scene.pass(5_000);
    assert.equal(scene.messageOf('a'), undefined);
  };
  await scene.until(() => scene.messageOf('a') === '');
  await contest('');
  const before = scene.clock.monotonic();
  one.say(accepted('a', 1, 'new'));
  await scene.until(() => scene.messageOf('a') === 'new');
  await contest('new');
  scene.api.remove('default', 'a', 'httproutes');
  scene.api.apply(httpRoute('a'));
  await scene.until(() => scene.messageOf('a') === 'new');
  const tookMs = scene.clock.monotonic() - before;
  assert.ok(tookMs < 20_000, `${tookMs} ms`);
});

test('what changes many times in a moment is written twice at most', async () => {
  await using scene = await Scene.start('a');
  const one = await scene.join('one');
  await scene.until(() => scene.holder === 'one');
  for (let count = 0; count < 10; count += 1) one.say(accepted('a', 1, String(count)));
  await scene.until(() => scene.messageOf('a') === '9');
  assert.ok(scene.writes <= 2, `${scene.writes} writes`);
});

test('a status that was worked out for an older version of the object waits for the new one', async () => {
  await using scene = await Scene.start('a');
  const one = await scene.join('one');
  await scene.until(() => scene.holder === 'one');
  scene.api.apply(httpRoute('a', { hostnames: ['new.example'] }, { generation: 2 }));
  await scene.until(() => one.keeper.get('HTTPRoute', { namespace: 'default', name: 'a' })?.metadata.generation === 2);
  one.say(accepted('a', 1, 'old'));
  await scene.pass(5_000);
  assert.equal(scene.writes, 0);
  one.say(accepted('a', 2, 'new'));
  await scene.until(() => scene.messageOf('a') === 'new');
});

test('entries go with what made them, after a restart as well', async () => {
  await using scene = await Scene.start('a', 'b');
  const ours = { parentRef: { name: 'gone' }, controllerName: CONTROLLER, conditions: [] };
  for (const name of ['a', 'b']) scene.write(name, [ours, FOREIGN]);
  const one = await scene.join('one');
  await scene.until(() => scene.holder === 'one');
  await scene.pass(5_000);
  assert.equal(scene.writes, 0, 'nothing was said yet');
  one.say(accepted('a'));
  await scene.until(() => scene.messageOf('a') === '' && scene.parentsOf('b').length === 1);
  assert.deepEqual(scene.parentsOf('b'), [FOREIGN]);
  one.sayNothingOf('a');
  await scene.until(() => scene.parentsOf('a').length === 1);
  assert.deepEqual(scene.parentsOf('a'), [FOREIGN]);
});

test('a right that is missing is told of once, and what an API server never takes is tried once', async () => {
  await using scene = await Scene.start('a', 'b');
  const one = await scene.join('one');
  await scene.until(() => scene.holder === 'one');
  scene.api.fail('update', { status: 403 }, 2);
  one.say(accepted('a'));
  await scene.until(() => one.publication.problems.length > 0);
  assert.match(
    one.publication.problems.join(),
    /may not update httproutes\/status.*deploy\/overlays\/gateway\/cluster-role/,
  );
  await scene.until(() => scene.messageOf('a') === '' && one.publication.problems.length === 0);
  assert.equal(one.warnings.length, 1);
  scene.api.fail('update', { status: 422 }, Number.POSITIVE_INFINITY);
  const before = scene.writes;
  one.say(accepted('b'));
  await scene.pass(120_000);
  assert.equal(scene.writes - before, 1);
  assert.match(one.warnings.at(-1) ?? '', /the status of HTTPRoute default\/b cannot be written/);
  scene.api.heal();
  one.say(accepted('b', 1, 'mended'));
  await scene.until(() => scene.messageOf('b') === 'mended');
});
