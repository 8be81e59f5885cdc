import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Catalog } from '../../src/control/catalog.ts';
import type { Route } from '../../src/model/route.ts';
import { type IngressObject, readIngress, readIngressClass } from '../../src/resources/ingress-object.ts';
import { readSecret, type Secret } from '../../src/resources/secret.ts';
import type { SecretRef } from '../../src/resources/secret-store.ts';
import { type IngressFields, ingress as manifest } from '../support/ingresses.ts';
import { service } from '../support/services.ts';

const OLD = '2025-01-01T00:00:00Z';
const NEW = '2026-01-01T00:00:00Z';

interface CatalogFields {
  readonly ingressConfigmap?: { namespace: string; name: string };
  readonly allowExternalName?: boolean;
}

function catalog(fields: CatalogFields = {}): Catalog {
  const made = new Catalog({ waitsFor: 'services', allowExternalName: false, ingressClass: ['nginx'], ...fields });
  made.replace([service('web', { annotations: {} }), service('other', { annotations: {} })]);
  made.ingresses.classes.replace([]);
  return made;
}

function ingress(name: string, fields: IngressFields = {}): IngressObject {
  const object = readIngress(manifest(name, { service: 'web', ...fields }), 'default');
  if ('reason' in object) throw new Error(object.reason);
  return object;
}

function users(ref: SecretRef): Secret {
  const data = { auth: Buffer.from('jo:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=').toString('base64') };
  const secret = readSecret({ data }, { ...ref, resourceVersion: '' });
  if ('reason' in secret) throw new Error(secret.reason);
  return secret;
}

function routesOf(from: Catalog, host: string): Route[] {
  return [...from.table.routes()].filter(route => route.host === host);
}

function reasonsOf(from: Catalog): string[] {
  return [...from.refusals(), ...from.warnings()].map(
    ({ object, reason }) => `${object.kind ?? 'Service'} ${object.name}: ${reason}`,
  );
}

describe('Ingresses in the catalog', () => {
  it('are waited for before there is a table', () => {
    const made = catalog();
    assert.equal(made.commit(), undefined);
    made.ingresses.replace([]);
    assert.ok(made.isInitialised);
  });

  it('are served beside annotated Services, and go when they are removed', () => {
    const made = catalog();
    made.ingresses.replace([ingress('a', { host: 'a.example', path: '/x' })]);
    made.upsert(service('plain'));
    const delta = made.commit();
    assert.deepEqual(delta?.routes.upserts.map(({ host, path }) => `${host}${path}`).sort(), [
      '/plain',
      'a.example/',
      'a.example/x',
    ]);
    made.ingresses.remove({ namespace: 'default', name: 'a' });
    const after = made.commit();
    assert.deepEqual(after?.routes.removals.map(({ path }) => path).sort(), ['/', '/x']);
    assert.deepEqual(after?.clusters.removals.toSorted(), [
      'ingress default/web:http',
      'ingress upstream-default-backend',
    ]);
  });

  it('leave a Service as its own Ingress spreads its requests, whatever else leads there and is edited', () => {
    const nginx = (annotations: Readonly<Record<string, string>>) =>
      Object.fromEntries(
        Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]),
      );
    const affinityOf = (from: Catalog, host: string) =>
      from.cluster(routesOf(from, host)[0]?.cluster ?? '')?.cluster.affinity?.name;
    const made = catalog();
    made.ingresses.replace([
      ingress('own', { annotations: nginx({ affinity: 'cookie', 'session-cookie-name': 'own' }) }),
      ingress('primary', { host: 'a.example', service: 'other' }),
      ingress('canary', { host: 'a.example', annotations: nginx({ canary: 'true' }) }),
    ]);
    made.commit();
    made.endpoints.setSlices({ namespace: 'default', name: 'web' }, []);
    made.commit();
    assert.equal(affinityOf(made, 'own.example'), 'own');
    for (const annotations of [{ canary: 'true', 'load-balance': 'ewma' }, { canary: 'true' }]) {
      made.ingresses.upsert(ingress('canary', { host: 'a.example', annotations: nginx(annotations) }));
      made.commit();
      assert.equal(affinityOf(made, 'own.example'), 'own');
    }
    for (const more of [{}, { 'app-root': '/x' }]) {
      const annotations = nginx({ 'default-backend': 'web:http', ...more });
      made.ingresses.upsert(ingress('asking', { service: 'other', annotations }));
      made.commit();
      assert.equal(affinityOf(made, 'own.example'), 'own');
    }
  });

  it('spread the requests of a canary as its own Ingress says, and not as that whose requests it takes', () => {
    const nginx = 'nginx.ingress.kubernetes.io/';
    const made = catalog();
    for (const name of ['web', 'other']) made.endpoints.setSlices({ namespace: 'default', name }, []);
    const balancesWith = (own: Readonly<Record<string, string>>): (string | undefined)[] => {
      made.ingresses.replace([
        ingress('main', { host: 'a.example', annotations: { [`${nginx}upstream-hash-by`]: '$request_uri' } }),
        ingress('next', { host: 'a.example', service: 'other', annotations: { [`${nginx}canary`]: 'true', ...own } }),
      ]);
      made.commit();
      const [route] = routesOf(made, 'a.example');
      return [route?.cluster, route?.canary?.cluster].map(id => made.cluster(id ?? '')?.cluster.balance.policy);
    };
    assert.deepEqual(balancesWith({}), ['hash', 'least-request']);
    assert.deepEqual(balancesWith({ [`${nginx}load-balance`]: 'round_robin' }), ['hash', 'round-robin']);
  });

  it('follow a Service of type ExternalName that is edited', () => {
    const made = catalog({ allowExternalName: true });
    const outside = (externalName: string) =>
      service('web', { annotations: {}, spec: { type: 'ExternalName', externalName } });
    made.upsert(outside('one.example.com'));
    const backend = { service: { name: 'web', port: { number: 8080 } } };
    const object = ingress('a', { host: 'a.example' });
    const rules = [{ host: 'a.example', http: { paths: [{ path: '/', pathType: 'Prefix' as const, backend }] } }];
    made.ingresses.replace([{ ...object, spec: { ...object.spec, rules } }]);
    const reached = (): string[] => {
      made.commit();
      const { endpoints = [] } = made.cluster(routesOf(made, 'a.example')[0]?.cluster ?? '') ?? {};
      return endpoints.map(({ address, port }) => `${address}:${port}`);
    };
    assert.deepEqual(reached(), ['one.example.com:8080']);
    made.upsert(outside('two.example.com.'));
    assert.deepEqual(reached(), ['two.example.com:8080']);
    made.upsert(outside('localhost'));
    assert.deepEqual(reached(), [], 'no host outside');
    made.upsert(service('web', { annotations: {}, spec: { ports: [{ port: 8080 }] } }));
    assert.match(reached().join(), /^\d[\d.]*:8080$/);
  });

  it('keep a host to which a younger Service comes, and lose one that belongs to an older Service', () => {
    const made = catalog();
    made.ingresses.replace([ingress('a', { host: 'a.example', createdAt: OLD })]);
    made.upsert(service('young', { annotations: { path: '/x', host: 'a.example' }, createdAt: NEW }));
    made.commit();
    assert.deepEqual(
      routesOf(made, 'a.example').map(({ service: { name } }) => name),
      ['web'],
    );
    assert.deepEqual(reasonsOf(made), ['Service young: HostConflict']);
    made.upsert(
      service('young', { annotations: { path: '/x', host: 'a.example' }, createdAt: '2024-01-01T00:00:00Z' }),
    );
    made.commit();
    assert.deepEqual(
      routesOf(made, 'a.example').map(({ path }) => path),
      ['/x'],
    );
    assert.deepEqual(reasonsOf(made), ['Ingress a: HostConflict']);
    made.remove({ namespace: 'default', name: 'young' });
    made.commit();
    assert.deepEqual(
      routesOf(made, 'a.example').map(({ service: { name } }) => name),
      ['web'],
    );
    assert.deepEqual(reasonsOf(made), []);
  });

  it('lead to a default backend in the namespace of the Ingress that names it, whichever Ingress is the first of the host', () => {
    const made = catalog();
    const named = readIngress(
      {
        metadata: { name: 'named', namespace: 'default', creationTimestamp: NEW },
        spec: {
          ingressClassName: 'nginx',
          defaultBackend: { service: { name: 'web', port: { number: 80 } } },
          rules: [{ host: 'a.example' }],
        },
      },
      'default',
    );
    if ('reason' in named) throw new Error(named.reason);
    const first = ingress('first', { namespace: 'elsewhere', host: 'a.example', path: '/x', createdAt: OLD });
    made.ingresses.replace([first, named]);
    made.commit();
    const root = routesOf(made, 'a.example').find(({ path }) => path === '/');
    assert.deepEqual(root?.service, { namespace: 'default', name: 'web' });
  });

  it('do not take a further name from a Service', () => {
    const made = catalog();
    const annotations = { 'nginx.ingress.kubernetes.io/server-alias': 'b.example' };
    made.ingresses.replace([ingress('a', { host: 'a.example', createdAt: NEW, annotations })]);
    made.commit();
    assert.equal(routesOf(made, 'b.example').length, 1);
    made.upsert(service('own', { annotations: { path: '/x', host: 'b.example' }, createdAt: OLD }));
    made.commit();
    assert.deepEqual(
      routesOf(made, 'b.example').map(({ path }) => path),
      ['/x'],
    );
  });

  it('that are edited into something that cannot be served go on as they were, and it is said', () => {
    const made = catalog();
    made.ingresses.replace([ingress('a', { host: 'a.example', path: '/x' })]);
    made.commit();
    made.ingresses.upsert(ingress('a', { host: 'a.example', path: '/etc/passwd' }));
    assert.equal(made.commit(), undefined);
    assert.ok(routesOf(made, 'a.example').some(({ path }) => path === '/x'));
    assert.deepEqual(reasonsOf(made), ['Ingress a: BadPath']);
    made.ingresses.upsert(ingress('a', { host: 'a.example', path: '/y' }));
    made.commit();
    assert.ok(routesOf(made, 'a.example').some(({ path }) => path === '/y'));
    assert.deepEqual(reasonsOf(made), []);
  });

  it('of a class whose controller is another one are not served, until that changes', () => {
    const made = catalog();
    const foreign = readIngressClass({ metadata: { name: 'nginx' }, spec: { controller: 'example.com/other' } });
    const own = readIngressClass({ metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } });
    if ('reason' in foreign || 'reason' in own) throw new Error('no class');
    made.ingresses.classes.replace([foreign]);
    made.ingresses.replace([ingress('a', { host: 'a.example' })]);
    made.commit();
    assert.equal(made.table.size, 0);
    made.ingresses.classes.upsert(own);
    made.commit();
    assert.equal(routesOf(made, 'a.example').length, 1);
  });

  it('follow their Services: one that comes, changes its ports, or goes', () => {
    const made = catalog();
    made.ingresses.replace([ingress('a', { host: 'a.example', service: 'late' })]);
    made.commit();
    const [route] = routesOf(made, 'a.example');
    assert.deepEqual(made.cluster(route?.cluster ?? '')?.endpoints, []);
    assert.deepEqual(reasonsOf(made), ['Ingress a: ServiceNotUsable']);
    made.upsert(service('late', { annotations: {} }));
    made.commit();
    assert.equal(made.cluster(route?.cluster ?? '')?.endpoints[0]?.address, '10.96.0.1');
    assert.deepEqual(reasonsOf(made), []);
  });

  it('take the values of the ConfigMap, as soon as it is read', () => {
    const ref = { namespace: 'ingress-nginx', name: 'controller' };
    const made = catalog({ ingressConfigmap: ref });
    made.ingresses.replace([ingress('a', { host: 'a.example' })]);
    made.commit();
    const said = new Map([
      ['proxy-read-timeout', '7'],
      ['no-such-key', 'x'],
    ]);
    made.ingresses.configMaps.setConfigMap(ref, { metadata: ref, data: said });
    made.commit();
    assert.equal(routesOf(made, 'a.example')[0]?.overrides.readTimeoutMs, 7_000);
    assert.deepEqual(reasonsOf(made), ['ConfigMap controller: Unsupported']);
  });

  it('have the headers that the ConfigMap names, and people are told which of them cannot be sent', () => {
    const ref = { namespace: 'ingress-nginx', name: 'controller' };
    const headers = { namespace: 'ingress-nginx', name: 'headers' };
    const made = catalog({ ingressConfigmap: ref });
    made.ingresses.replace([ingress('a', { host: 'a.example' })]);
    const data = new Map([
      ['add-headers', 'ingress-nginx/headers'],
      ['proxy-set-headers', 'ingress-nginx/none'],
    ]);
    made.ingresses.configMaps.setConfigMap(ref, { metadata: ref, data });
    made.commit();
    const values = new Map([
      ['X-A', '1'],
      ['Content-Length', '0'],
    ]);
    made.ingresses.configMaps.setConfigMap(headers, { metadata: headers, data: values });
    made.ingresses.configMaps.setConfigMap({ ...headers, name: 'none' }, undefined);
    made.commit();
    assert.deepEqual(routesOf(made, 'a.example')[0]?.policies, [
      { kind: 'response-headers', edits: [{ op: 'set', name: 'X-A', value: '1' }] },
    ]);
    assert.deepEqual(
      [...made.warnings()].map(({ field, message }) => `${field}: ${message.split(': ').at(-1)}`).sort(),
      ['add-headers: it says how one connection carries the message', 'proxy-set-headers: there is no such ConfigMap'],
    );
  });

  it('know what they name with the first table, where the source answers at once', () => {
    const made = catalog();
    const said = { named: made.secrets.named, maps: made.ingresses.configMaps };
    said.named.demand.onChange = ref => said.named.setSecret(ref, users(ref));
    const annotations = {
      'nginx.ingress.kubernetes.io/auth-type': 'basic',
      'nginx.ingress.kubernetes.io/auth-secret': 'users',
    };
    made.ingresses.replace([
      ingress('a', { host: 'a.example', annotations }),
      ingress('b', { host: 'b.example', annotations }),
    ]);
    made.commit();
    const kinds = [...made.table.routes()].map(({ policies = [] }) => policies.map(({ kind }) => kind));
    assert.ok(
      kinds.every(each => each.includes('basic-auth')),
      JSON.stringify(kinds),
    );
  });
});
