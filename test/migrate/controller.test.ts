/** Whose flags and ConfigMap count. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ControllerChoice, findController } from '../../src/migrate/controller.ts';
import { judgeFlags } from '../../src/migrate/controller-flags.ts';
import { Dump } from '../../src/migrate/dump.ts';
import { readFlags } from '../../src/migrate/workload.ts';

const NO_CHOICE: ControllerChoice = {
  ingressClass: [],
  configMap: undefined,
  allowMissingWaf: false,
  values: undefined,
};

function workload(
  name: string,
  args: readonly string[],
  image = 'registry.k8s.io/ingress-nginx/controller:v1.15.1',
): object {
  const containers = [
    { name: 'sidecar', image: 'busybox', args: ['--ingress-class=wrong'] },
    { name: 'controller', image, args: ['/nginx-ingress-controller', ...args] },
  ];
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'ingress-nginx' } },
    spec: { template: { spec: { containers } } },
  };
}

function dumpOf(...objects: readonly object[]): Dump {
  const dump = new Dump();
  for (const object of objects) dump.add(object);
  return dump;
}

test('flags are read as Go reads them', () => {
  const flags = readFlags(['/nginx-ingress-controller', '--a=b=c', '-d', '--e', 'f', '--g', '--h=', 'stray']);
  assert.deepEqual(Object.fromEntries(flags), { a: 'b=c', d: 'true', e: 'f', g: 'true', h: '' });
});

test('the flags of a controller decide class, ConfigMap and default backend', () => {
  const config = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'cm', namespace: 'ingress-nginx' },
    data: { 'use-gzip': 'true' },
  };
  const args = [
    '--ingress-class=internal',
    '--controller-class=example.com/internal',
    '--configmap=$(POD_NAMESPACE)/cm',
    '--default-backend-service=a/b',
    '--watch-ingress-without-class',
  ];
  const found = findController(dumpOf(workload('c', args), config), NO_CHOICE);
  assert.equal(found.name, 'Deployment ingress-nginx/c');
  assert.deepEqual([...found.config], [['use-gzip', 'true']]);
  assert.deepEqual(found.options, {
    ...{ ingressClass: ['internal'], ingressController: ['example.com/internal'], ingressWithoutClass: true },
    defaultBackendService: { namespace: 'a', name: 'b' },
    ...{ allowExternalName: true, allowMissingWaf: false, hasTlsPort: true },
  });
  assert.deepEqual(found.notes, []);
});

test('without a controller, and without its ConfigMap, defaults count, and that is said', () => {
  const none = findController(dumpOf(), NO_CHOICE);
  assert.deepEqual(none.options.ingressClass, ['nginx']);
  assert.match(none.notes.join(), /no controller of ingress-nginx was found/);
  const absent = findController(dumpOf(workload('c', ['--configmap=a/b'])), NO_CHOICE);
  assert.match(absent.notes.join(), /the ConfigMap a\/b was not found/);
});

test('of several controllers the one of the class is chosen', () => {
  const dump = dumpOf(workload('public', []), workload('internal', ['--ingress-class=internal']));
  const { name, notes } = findController(dump, NO_CHOICE);
  assert.equal(name, 'Deployment ingress-nginx/public');
  assert.match(notes.join(), /other controllers.*Deployment ingress-nginx\/internal \(--ingress-class internal\)/);
  assert.equal(
    findController(dump, { ...NO_CHOICE, ingressClass: ['internal'] }).name,
    'Deployment ingress-nginx/internal',
  );
});

test('other programs are no controller', () => {
  const other = workload('web', [], 'nginx:1.27');
  const args = ['serve'];
  const plain = { ...other, spec: { template: { spec: { containers: [{ image: 'nginx', args }] } } } };
  for (const broken of [
    plain,
    { ...other, spec: {} },
    { ...other, spec: { template: { spec: { containers: 'x' } } } },
  ]) {
    assert.equal(dumpOf(broken).workloads.length, 0);
  }
});

test('what keeps some Ingresses from ingress-nginx, and none from here, is told as lost, unless it is off', () => {
  for (const [name, on, off] of [
    ['disable-catch-all', 'true', 'false'],
    ['watch-namespace-selector', 'team=shop', ''],
  ] as const) {
    const verdictOf = (value: string) => judgeFlags(new Map([[name, value]])).findings.map(({ verdict }) => verdict);
    assert.deepEqual([verdictOf(on), verdictOf(off)], [['unsupported'], ['works']], name);
  }
});

test('flags that have another name here are named, and those that are lost are told', () => {
  const { findings, serveWith } = judgeFlags(
    new Map([
      ['ingress-class', 'nginx'],
      ['default-ssl-certificate', 'a/b'],
      ['watch-ingress-without-class', 'false'],
      ['shutdown-grace-period', '10'],
      ['tcp-services-configmap', 'a/tcp'],
      ['udp-services-configmap', ''],
      ['update-status-on-shutdown', 'true'],
      ['sync-rate-limit', '0.3'],
      ['defualt-backend-service', 'a/b'],
      ['constructor', 'x'],
    ]),
  );
  assert.deepEqual(serveWith, ['--ingress-class=nginx', '--default-tls-secret=a/b', '--shutdown-delay=10s']);
  assert.deepEqual(
    findings.map(({ verdict }) => verdict),
    ['works', 'works', 'works', 'works', 'unsupported', 'works', 'differs', 'works', 'dead', 'dead'],
  );
  assert.match(findings[8]?.reason ?? '', /did you mean --default-backend-service\?/);
});
