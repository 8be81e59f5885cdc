import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { IngressStatus, type IngressStatusOptions } from '../../src/control/status/ingress-status.ts';
import { addressesOf, addressesOfService, isSameAddresses } from '../../src/control/status/published-addresses.ts';
import { serviceKey } from '../../src/model/route.ts';
import { type IngressAddress, type IngressObject, readIngress } from '../../src/resources/ingress-object.ts';
import { isShapeProblem } from '../../src/resources/service-object.ts';
import { recordingLogger } from '../sources/kube/harness.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ingress } from '../support/ingresses.ts';

const OURS: IngressAddress[] = [{ ip: '192.0.2.1' }];
const THEIRS: IngressAddress[] = [{ ip: '192.0.2.9' }];

/** Ingresses that are served, and an API server that takes their status at once. */
class Scene implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly served = new Map<string, IngressObject>();
  readonly writes: string[] = [];
  readonly log = recordingLogger();
  addresses = OURS;
  isWriter = true;
  /** What the next writes do; `served` shows it only with {@link show}. */
  answer: IngressStatusOptions['write'] = async () => 'written';
  readonly status: IngressStatus;
  #version = 0;

  constructor(...names: string[]) {
    for (const name of names) this.show(name, []);
    this.status = new IngressStatus({
      served: () => this.served.values(),
      addresses: () => this.addresses,
      isWriter: () => this.isWriter,
      write: (metadata, addresses, signal) => {
        this.writes.push(`${metadata.name} ${addresses.map(({ ip = '', hostname = '' }) => ip + hostname).join()}`);
        return this.answer(metadata, addresses, signal);
      },
      logger: this.log.logger,
      clock: this.clock,
    });
  }

  /** What the watch says of an Ingress: a new version with this status. */
  show(name: string, addresses: readonly IngressAddress[]): void {
    this.#version += 1;
    const { metadata, ...object } = ingress(name);
    const status = { loadBalancer: { ingress: addresses } };
    const read = readIngress(
      { ...object, metadata: { ...metadata, resourceVersion: String(this.#version) }, status },
      '',
    );
    assert.ok(!isShapeProblem(read));
    this.served.set(serviceKey(read.metadata), read);
  }

  /** Says that something may be otherwise, and lets enough time pass for what follows. */
  async look(ms = 3_000): Promise<void> {
    this.status.look();
    for (let passed = 0; passed < ms; passed += 10) {
      await turn();
      this.clock.advance(10);
    }
    await turn();
  }

  get warnings(): string[] {
    return this.log.lines.filter(({ level }) => level >= 40).map(({ msg }) => msg);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.status.stop();
  }
}

test('the status of each served Ingress is written once, and not where it is right', async () => {
  await using scene = new Scene('a', 'b', 'c');
  scene.show('b', OURS);
  await scene.look();
  assert.deepEqual(scene.writes, ['a 192.0.2.1', 'c 192.0.2.1']);
  await scene.look();
  assert.equal(scene.writes.length, 2, 'the watch has not shown it yet');
  scene.show('a', OURS);
  scene.show('c', OURS);
  await scene.look();
  assert.equal(scene.writes.length, 2);
});

test('what happens within a second is written together, and never faster than fifty in a second', async () => {
  await using scene = new Scene(...Array.from({ length: 200 }, (_, index) => `i${index}`));
  await scene.look(900);
  assert.equal(scene.writes.length, 0);
  await scene.look(1_100);
  assert.ok(scene.writes.length > 0 && scene.writes.length <= 60, String(scene.writes.length));
  await scene.look(5_000);
  assert.equal(scene.writes.length, 200);
});

test('a replica that does not lead writes nothing, and one that no longer leads stops in the middle', async () => {
  await using scene = new Scene('a', 'b', 'c');
  scene.isWriter = false;
  await scene.look();
  assert.deepEqual(scene.writes, []);
  scene.isWriter = true;
  scene.answer = async () => {
    scene.isWriter = false;
    return 'written';
  };
  await scene.look();
  assert.equal(scene.writes.length, 1);
});

test('where no address is known nothing is written, and nothing is emptied', async () => {
  await using scene = new Scene('a');
  scene.show('a', THEIRS);
  scene.addresses = [];
  await scene.look();
  assert.deepEqual(scene.writes, []);
});

test('other addresses are written at once, and an Ingress that is not ours any more is left alone', async () => {
  await using scene = new Scene('a', 'b');
  await scene.look();
  scene.show('a', OURS);
  scene.show('b', OURS);
  scene.served.delete('default/b');
  scene.addresses = [{ hostname: 'lb.example.com' }];
  await scene.look();
  assert.deepEqual(scene.writes.slice(2), ['a lb.example.com']);
});

test('an Ingress that changed meanwhile is decided anew, and one that is gone is no problem', async () => {
  await using scene = new Scene('a');
  scene.answer = async () => 'changed';
  await scene.look();
  assert.deepEqual(scene.writes, ['a 192.0.2.1']);
  scene.answer = async () => 'written';
  scene.show('a', []);
  await scene.look();
  assert.equal(scene.writes.length, 2);
  scene.answer = async () => 'gone';
  scene.show('b', []);
  await scene.look();
  assert.deepEqual(scene.warnings, []);
});

test('a failure is said once, and the rest is written when it has passed', async () => {
  await using scene = new Scene('a', 'b');
  scene.answer = async () => {
    throw new Error('may not patch ingresses/status');
  };
  await scene.look(30_000);
  assert.equal(scene.warnings.length, 1);
  assert.match(scene.warnings[0] ?? '', /not written: may not patch ingresses\/status/);
  assert.match(scene.status.problem ?? '', /may not patch/);
  assert.ok(scene.writes.length <= 6, `it is tried every few seconds: ${scene.writes.length}`);
  scene.writes.length = 0;
  scene.answer = async () => 'written';
  await scene.look(10_000);
  assert.deepEqual(scene.writes, ['a 192.0.2.1', 'b 192.0.2.1']);
  assert.equal(scene.status.problem, undefined);
});

test('a status that another program empties as it ends is written again at once', async () => {
  await using scene = new Scene('a');
  await scene.look();
  scene.show('a', OURS);
  scene.show('a', []);
  await scene.look();
  assert.equal(scene.writes.length, 2);
});

test('against a program that goes on writing other addresses it is written once a minute, and said once', async () => {
  await using scene = new Scene('a');
  scene.answer = async () => {
    scene.show('a', OURS);
    scene.show('a', THEIRS);
    return 'written';
  };
  for (let minute = 0; minute < 5; minute += 1) {
    for (let look = 0; look < 6; look += 1) await scene.look(10_000);
  }
  assert.ok(scene.writes.length <= 4 + 5, String(scene.writes.length));
  assert.ok(scene.writes.length >= 6, String(scene.writes.length));
  assert.equal(scene.warnings.length, 1);
  assert.match(scene.warnings[0] ?? '', /another program writes other addresses into the status of Ingress default\/a/);
});

test('what has our addresses is emptied on demand, and nothing else', async () => {
  await using scene = new Scene('a', 'b');
  scene.show('a', OURS);
  scene.show('b', THEIRS);
  await scene.status.stop();
  await scene.status.clear(new AbortController().signal);
  assert.deepEqual(scene.writes, ['a ']);
});

test('the addresses of a Service are those that ingress-nginx publishes', () => {
  const service = (spec: object, status: object = {}) => ({ spec, status });
  const balancer = {
    loadBalancer: { ingress: [{ ip: '192.0.2.2' }, { ip: '192.0.2.1' }, { hostname: 'lb.example.com' }] },
  };
  const rows: [service: unknown, addresses: IngressAddress[]][] = [
    [service({ type: 'LoadBalancer' }), []],
    [
      service({ type: 'LoadBalancer', externalIPs: ['192.0.2.1', '192.0.2.3'] }, balancer),
      [{ hostname: 'lb.example.com' }, { ip: '192.0.2.1' }, { ip: '192.0.2.2' }, { ip: '192.0.2.3' }],
    ],
    [service({ type: 'ClusterIP', clusterIP: '10.96.0.7' }), [{ ip: '10.96.0.7' }]],
    [service({ type: 'ClusterIP', clusterIP: 'None' }), []],
    [service({ type: 'NodePort', clusterIP: '10.96.0.7', externalIPs: ['192.0.2.3'] }), [{ ip: '192.0.2.3' }]],
    [service({ type: 'ExternalName', externalName: 'lb.example.com' }), [{ hostname: 'lb.example.com' }]],
    [undefined, []],
    [
      { spec: { type: 'LoadBalancer', externalIPs: 7 }, status: { loadBalancer: { ingress: [7, {}, { ip: [] }] } } },
      [],
    ],
  ];
  for (const [object, addresses] of rows) assert.deepEqual(addressesOfService(object), addresses);
});

test('the addresses of the setting are IP addresses or names, and their order does not count', () => {
  assert.deepEqual(addressesOf(['192.0.2.1', 'lb.example.com', '2001:db8::1']), [
    { hostname: 'lb.example.com' },
    { ip: '192.0.2.1' },
    { ip: '2001:db8::1' },
  ]);
  assert.ok(isSameAddresses([{ ip: '192.0.2.1' }, { hostname: 'a' }], [{ hostname: 'a' }, { ip: '192.0.2.1' }]));
  assert.ok(!isSameAddresses([{ ip: 'a' }], [{ hostname: 'a' }]));
});
