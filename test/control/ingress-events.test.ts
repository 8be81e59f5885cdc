import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Announcer, type Audience } from '../../src/control/announcer.ts';
import { Catalog } from '../../src/control/catalog.ts';
import { silentLogger } from '../../src/observe/logger.ts';
import { type IngressObject, readIngress } from '../../src/resources/ingress-object.ts';
import { isShapeProblem } from '../../src/resources/service-object.ts';
import type { ServiceEvent } from '../../src/sources/kube/event-object.ts';
import { type IngressFields, ingress } from '../support/ingresses.ts';
import { service } from '../support/services.ts';

const OLD = '2026-01-01T00:00:00Z';
const NEW = '2026-01-01T12:00:00Z';

function object(name: string, fields: IngressFields = {}): IngressObject {
  const read = readIngress(ingress(name, fields), 'default');
  assert.ok(!isShapeProblem(read));
  return read;
}

/** The owners of Ingresses, and what they are told. */
class Owners {
  readonly catalog = new Catalog({
    ...{ allowExternalName: false, waitsFor: 'services', ingressClass: ['nginx'] },
    ingressConfigmap: { namespace: 'default', name: 'settings' },
  });
  readonly #events: ServiceEvent[] = [];
  readonly #announcer = new Announcer(this.catalog, silentLogger(), () => Date.parse(NEW));

  constructor() {
    this.#announcer.events = { record: event => void this.#events.push(event) };
    this.catalog.ingresses.classes.replace([
      { metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } },
    ]);
    this.catalog.ingresses.replace([]);
    this.catalog.replace([service('shop', { annotations: {} })]);
    this.commit('none');
  }

  /** @returns what was told, as kubectl would show it */
  commit(audience: Audience = 'all'): string[] {
    this.#announcer.announce(this.catalog.commit(), audience);
    return this.#events
      .splice(0)
      .map(
        ({ service: { kind = 'Service', name }, type, reason, message }) =>
          `${kind} ${name}: ${type} ${reason} ${message}`,
      );
  }
}

test('its owner is told where an Ingress is served, what has changed, and where it is served no longer', () => {
  const owners = new Owners();
  const { ingresses } = owners.catalog;
  ingresses.upsert(object('a', { host: 'a.example', service: 'shop' }));
  assert.deepEqual(owners.commit(), ['Ingress a: Normal Sync served at a.example/']);
  ingresses.upsert(object('a', { host: 'b.example', service: 'shop' }));
  assert.deepEqual(owners.commit(), ['Ingress a: Normal Sync served at b.example/; no longer at a.example/']);
  ingresses.upsert(object('a', { host: 'b.example', service: 'shop', className: 'other' }));
  assert.deepEqual(owners.commit(), ['Ingress a: Normal Withdrawn no longer served at b.example/']);
});

const CANARY = { 'nginx.ingress.kubernetes.io/canary': 'true', 'nginx.ingress.kubernetes.io/canary-weight': '10' };

test('the owner of a canary is told whose requests it takes, what has changed, and that it takes none any more', () => {
  const owners = new Owners();
  const { ingresses } = owners.catalog;
  const canary = (fields: IngressFields = {}) =>
    object('next', { host: 'a.example', service: 'next', annotations: CANARY, ...fields });
  const ofCanary = () => owners.commit().filter(line => line.startsWith('Ingress next'));
  owners.catalog.upsert(service('next', { annotations: {} }));
  ingresses.upsert(object('a', { host: 'a.example', service: 'shop' }));
  owners.commit();
  ingresses.upsert(canary());
  const took = 'Ingress next: Normal Sync canary of Ingress default/a at a.example/';
  assert.deepEqual(ofCanary(), [took]);
  ingresses.upsert(canary({ annotations: { ...CANARY, 'nginx.ingress.kubernetes.io/canary-weight': '20' } }));
  assert.deepEqual(ofCanary(), [took]);
  ingresses.upsert(
    object('a', {
      host: 'a.example',
      service: 'shop',
      annotations: { 'nginx.ingress.kubernetes.io/proxy-body-size': '2m' },
    }),
  );
  assert.deepEqual(ofCanary(), [], 'nothing of the canary has changed');
  ingresses.upsert(object('a', { host: 'b.example', service: 'shop' }));
  const [withdrawn, unused = '', ...others] = ofCanary();
  assert.equal(withdrawn, 'Ingress next: Normal Withdrawn no longer a canary at a.example/');
  assert.match(unused, /^Ingress next: Warning CanaryUnused/);
  assert.deepEqual(others, []);
  ingresses.upsert(object('a', { host: 'a.example', service: 'shop' }));
  assert.deepEqual(ofCanary(), [took]);
});

test('a path that answers an error is none that is served', () => {
  const owners = new Owners();
  const { ingresses } = owners.catalog;
  const guarded = { 'nginx.ingress.kubernetes.io/auth-tls-secret': 'nowhere/else/x' };
  ingresses.upsert(object('all', { host: 'a.example', service: 'shop', annotations: guarded }));
  const told = owners.commit();
  assert.ok(told.length > 0 && told.every(line => /^Ingress all: Warning/.test(line)), told.join('\n'));
  ingresses.upsert(object('none', { host: 'b.example', path: '/x', service: 'absent' }));
  const [warning = '', ...others] = owners.commit();
  assert.match(warning, /^Ingress none: Warning ServiceNotUsable .*there is no Service default\/absent/);
  assert.deepEqual(others, []);
  const one = object('part', { host: 'c.example', path: '/x', service: 'absent' });
  const paths = ['absent', 'shop'].map(name => ({
    path: `/${name}`,
    pathType: 'Prefix' as const,
    backend: { service: { name, port: { name: 'http' } } },
  }));
  ingresses.upsert({ ...one, spec: { ...one.spec, rules: [{ host: 'c.example', http: { paths } }] } });
  assert.ok(
    owners.commit().includes('Ingress part: Normal Sync served at c.example/shop; answers 503 at c.example/absent'),
  );
});

test('an Ingress whose Service comes later is told that it is served then', () => {
  const owners = new Owners();
  const { ingresses } = owners.catalog;
  const late = (port = 80) => service('late', { annotations: {}, address: { host: '10.96.0.9', port } });
  ingresses.upsert(object('a', { host: 'a.example', path: '/x', service: 'late' }));
  ingresses.upsert(object('other', { host: 'a.example', path: '/y', service: 'shop' }));
  owners.commit();
  owners.catalog.upsert(late());
  const sync = 'Ingress a: Normal Sync served at a.example/x';
  assert.deepEqual(owners.commit(), [sync]);
  owners.catalog.upsert(late(81));
  assert.deepEqual(owners.commit(), [], 'its Service changes');
  owners.catalog.remove(late().metadata);
  const [warning = '', ...others] = owners.commit();
  assert.match(warning, /^Ingress a: Warning ServiceNotUsable/);
  assert.deepEqual(others, []);
  owners.catalog.upsert(late());
  assert.deepEqual(owners.commit(), [sync], 'it comes again');
});

test('of two Services that were missing, the Ingress is told of each that comes', () => {
  const owners = new Owners();
  const one = object('a', { host: 'a.example' });
  const paths = ['one', 'two'].map(name => ({
    path: `/${name}`,
    pathType: 'Exact' as const,
    backend: { service: { name, port: { number: 80 } } },
  }));
  owners.catalog.ingresses.upsert({ ...one, spec: { ...one.spec, rules: [{ host: 'a.example', http: { paths } }] } });
  assert.equal(owners.commit().length, 2, 'both are missing');
  owners.catalog.upsert(service('two', { annotations: {} }));
  assert.deepEqual(owners.commit(), ['Ingress a: Normal Sync served at a.example/two; answers 503 at a.example/one']);
  owners.catalog.upsert(service('one', { annotations: {} }));
  assert.deepEqual(owners.commit(), ['Ingress a: Normal Sync served at a.example/one, a.example/two']);
});

test('the owner of a canary that takes no request is told why, and when it takes some', () => {
  const owners = new Owners();
  const { ingresses } = owners.catalog;
  const canary = (name: string, fields: IngressFields = {}) =>
    object(name, { host: 'a.example', path: '/x', service: 'next', annotations: CANARY, ...fields });
  const told = () => owners.commit().filter(line => /^Ingress (?:next|late)/.test(line));
  owners.catalog.upsert(service('next', { annotations: {} }));
  ingresses.upsert(object('a', { host: 'a.example', service: 'shop', path: '/' }));
  owners.commit();
  ingresses.upsert(canary('next', { createdAt: OLD }));
  const unused = 'Warning CanaryUnused the canary takes no request:';
  const place = 'a.example with Prefix /x';
  assert.deepEqual(told(), [
    `Ingress next: ${unused} no other Ingress has ${place}; host, path and pathType must be the same as there (ImplementationSpecific is Prefix)`,
  ]);
  ingresses.upsert(object('a', { host: 'a.example', service: 'shop', path: '/x' }));
  assert.deepEqual(told(), ['Ingress next: Normal Sync canary of Ingress default/a at a.example/x']);
  ingresses.upsert(canary('late', { createdAt: NEW }));
  assert.deepEqual(told(), [
    `Ingress late: ${unused} the older canary default/next takes those of the same Service, and only the first counts`,
  ]);
  ingresses.remove({ namespace: 'default', name: 'next' });
  assert.deepEqual(told(), ['Ingress late: Normal Sync canary of Ingress default/a at a.example/x']);
  ingresses.upsert(canary('late', { service: 'shop' }));
  assert.deepEqual(told(), [
    'Ingress late: Normal Withdrawn no longer a canary at a.example/x',
    `Ingress late: ${unused} its Service and port are those of the Ingress whose requests it should take`,
  ]);
  ingresses.upsert(object('late', { host: 'a.example', path: '/z', service: 'next' }));
  assert.deepEqual(told(), ['Ingress late: Normal Sync served at a.example/z']);
  assert.deepEqual([...owners.catalog.warnings()], []);
});

test('an Ingress that is deleted leaves no one to tell, and its Service hears nothing of all that', () => {
  const owners = new Owners();
  owners.catalog.ingresses.upsert(object('a', { service: 'shop' }));
  owners.commit();
  owners.catalog.ingresses.remove({ namespace: 'default', name: 'a' });
  assert.deepEqual(owners.commit(), []);
});

test('a status that changes is no news', () => {
  const owners = new Owners();
  const before = object('a', { service: 'shop' });
  owners.catalog.ingresses.upsert(before);
  owners.commit();
  owners.catalog.ingresses.upsert({ ...before, status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } });
  assert.deepEqual(owners.commit(), []);
});

test('what is wrong with an Ingress is a warning on it, once', () => {
  const owners = new Owners();
  const annotations = { 'nginx.ingress.kubernetes.io/unheard-of': 'x' };
  owners.catalog.ingresses.upsert(object('a', { service: 'shop', annotations }));
  const [sync = '', warning = '', ...rest] = owners.commit();
  assert.match(sync, /^Ingress a: Normal Sync/);
  assert.match(warning, /^Ingress a: Warning \w+ .*unheard-of/);
  assert.deepEqual(rest, []);
  owners.catalog.ingresses.upsert(object('a', { service: 'shop', annotations, path: '/x' }));
  assert.ok(owners.commit().every(line => !line.includes('Warning')));
});

test('a place that an older Ingress takes is a conflict of the younger one', () => {
  const owners = new Owners();
  owners.catalog.ingresses.upsert(object('young', { host: 'a.example', service: 'shop', createdAt: NEW }));
  owners.commit();
  owners.catalog.ingresses.upsert(object('old', { host: 'a.example', service: 'shop', createdAt: OLD }));
  const told = owners.commit();
  assert.ok(
    told.some(line => line.startsWith('Ingress old: Normal Sync served at a.example/')),
    told.join('\n'),
  );
  assert.ok(
    told.some(line => line.startsWith('Ingress young: Normal Withdrawn')),
    told.join('\n'),
  );
  assert.ok(
    told.some(line => line.startsWith('Ingress young: Warning Conflict')),
    told.join('\n'),
  );
});

test('after a start only the young are told, and with a table of the state file nothing is', () => {
  const owners = new Owners();
  owners.catalog.ingresses.upsert(object('old', { service: 'shop', createdAt: OLD }));
  owners.catalog.ingresses.upsert(object('young', { service: 'shop', createdAt: NEW }));
  assert.deepEqual(owners.commit('recent'), ['Ingress young: Normal Sync served at young.example/']);
  owners.catalog.ingresses.upsert(object('stale', { service: 'shop', createdAt: NEW }));
  assert.deepEqual(owners.commit('none'), []);
});

test('of many places the first are named', () => {
  const owners = new Owners();
  const one = object('a', { service: 'shop' });
  const paths = Array.from({ length: 30 }, (_, index) => ({
    path: `/${index}/`,
    backend: { service: { name: 'shop', port: { name: 'http' } } },
  }));
  owners.catalog.ingresses.upsert({ ...one, spec: { ...one.spec, rules: [{ host: 'a.example', http: { paths } }] } });
  const [sync = ''] = owners.commit();
  assert.match(sync, /served at (?:a\.example\/\d+, ){9}a\.example\/9 and 20 more$/);
});

test('whoever runs the entry is told by Events on the ConfigMap which of its keys are wrong, each once', () => {
  const owners = new Owners();
  const { configMaps } = owners.catalog.ingresses;
  const ref = { namespace: 'default', name: 'settings' };
  const say = (data: Readonly<Record<string, string>>): string[] => {
    configMaps.setConfigMap(ref, {
      metadata: { ...ref, uid: 'of-settings', resourceVersion: '7' },
      data: new Map(Object.entries(data)),
    });
    return owners.commit();
  };
  const [told = '', ...others] = say({ 'proxy-read-timeout': '60s', 'hsts-max-age': '86400' });
  assert.match(told, /^ConfigMap settings: Warning \w+ proxy-read-timeout: "60s" must be whole seconds/);
  assert.deepEqual(others, []);
  assert.deepEqual(say({ 'proxy-read-timeout': '60s', 'hsts-max-age': '1' }), []);
  assert.deepEqual(say({ 'proxy-read-timeout': '60' }), []);
});
