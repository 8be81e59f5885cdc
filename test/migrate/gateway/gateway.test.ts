/** The Gateway that takes the place of hosts of Ingresses, and what its routes are called. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Manifest } from '../../../src/migrate/gateway/manifests.ts';
import { readGatewayObject } from '../../../src/resources/gateway/gateway-kinds.ts';
import type { GatewayKind } from '../../../src/resources/gateway/gateway-object.ts';
import { isShapeProblem } from '../../../src/resources/service-object.ts';
import { readCases } from '../../ingress/case.ts';
import { CONFIG_MAP } from '../../ingress/names.ts';
import { commonObjects, ingressObject, serviceObjects, servicesOf } from '../../ingress/objects.ts';
import { WITHOUT_CRDS } from '../../support/gateway-crds.ts';
import { gatewaySchemas, schemaProblems } from '../../support/gateway-schemas.ts';
import { selfSigned } from '../../support/self-signed.ts';
import { ingress } from '../dumps.ts';
import { names, remarks, specs, written } from './written.ts';

interface ListenerSpec {
  readonly name: string;
  readonly hostname?: string;
  readonly port: number;
  readonly protocol: string;
  readonly tls?: object;
}
interface RouteSpec {
  readonly parentRefs: readonly object[];
  readonly hostnames?: readonly string[];
  readonly rules: readonly {
    readonly matches?: readonly object[];
    readonly filters?: readonly object[];
    readonly backendRefs?: readonly object[];
  }[];
}

const listeners = (migration: ReturnType<typeof written>): readonly ListenerSpec[] =>
  (specs(migration, 'Gateway') as { readonly listeners: readonly ListenerSpec[] }[]).flatMap(
    ({ listeners: own }) => own,
  );
const routes = (migration: ReturnType<typeof written>, kind = 'HTTPRoute') => specs(migration, kind) as RouteSpec[];
const SCHEMAS = WITHOUT_CRDS === false ? gatewaySchemas('standard') : new Map<string, never>();
const TLS = [{ hosts: ['shop.example.com'], secretName: 'shop-tls' }];
const service = (name: string, ports: readonly object[], namespace = 'shop'): object => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace } },
  spec: { clusterIP: '10.0.0.1', ports },
});

describe('the Gateway that takes the place of Ingresses', () => {
  it('has a listener for each host, and one with its certificate, which a grant lets it read', () => {
    const migration = written([ingress('web', { tls: TLS }), ingress('api', { host: 'api.example.com' })]);
    assert.deepEqual(
      listeners(migration).map(({ name, hostname, port, protocol }) => `${name} ${hostname} ${port} ${protocol}`),
      [
        'http-api.example.com api.example.com 80 HTTP',
        'http-shop.example.com shop.example.com 80 HTTP',
        'https-shop.example.com shop.example.com 443 HTTPS',
      ],
    );
    assert.deepEqual(listeners(migration)[2]?.tls, { certificateRefs: [{ name: 'shop-tls', namespace: 'shop' }] });
    assert.deepEqual(names(migration.manifests), [
      'Gateway kube-entry/kube-entry',
      'ReferenceGrant shop/kube-entry-secrets-for-kube-entry',
      'HTTPRoute shop/api',
      'HTTPRoute shop/web-to-https',
      'HTTPRoute shop/web',
    ]);
    const [, redirect, web] = routes(migration);
    assert.deepEqual(redirect?.rules, [
      { filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 308 } }] },
    ]);
    assert.deepEqual(web?.parentRefs, [
      { name: 'kube-entry', namespace: 'kube-entry', sectionName: 'https-shop.example.com' },
    ]);
  });

  it('is one that is there, where it is named: routes attach by port, and no Gateway is written', () => {
    const existing = { namespace: 'infra', name: 'public' };
    const migration = written([ingress('web', { tls: TLS })], { existing });
    assert.deepEqual(names(migration.manifests), ['HTTPRoute shop/web-to-https', 'HTTPRoute shop/web']);
    assert.deepEqual(
      routes(migration).map(({ parentRefs }) => parentRefs),
      [[{ name: 'public', namespace: 'infra', port: 80 }], [{ name: 'public', namespace: 'infra', port: 443 }]],
    );
  });

  it('has ListenerSets for the hosts beyond its 64 listeners', () => {
    const hosts = Array.from({ length: 70 }, (_, index) => `h${String(index).padStart(2, '0')}.example.com`);
    const migration = written(hosts.map((host, index) => ingress(`i${index}`, { host })));
    assert.equal(listeners(migration).length, 64);
    const [set] = specs(migration, 'ListenerSet') as { readonly listeners: readonly ListenerSpec[] }[];
    assert.deepEqual(
      set?.listeners.map(({ hostname }) => hostname),
      hosts.slice(64),
    );
    const last = migration.manifests.find(({ metadata }) => metadata.name === 'i69');
    assert.deepEqual((last?.spec as RouteSpec | undefined)?.parentRefs, [
      { kind: 'ListenerSet', name: 'kube-entry-1', namespace: 'kube-entry', sectionName: 'http-h69.example.com' },
    ]);
  });

  it('serves a host over https whose certificate is that of a wildcard, or the default one, and says which has none', () => {
    const wildcard = ingress('all', { host: '*.example.com', tls: [{ hosts: ['*.example.com'], secretName: 'wild' }] });
    const below = written([wildcard, ingress('web', {})]);
    assert.deepEqual(
      listeners(below).map(({ name }) => name),
      ['http-wildcard.example.com', 'https-wildcard.example.com', 'http-shop.example.com', 'https-shop.example.com'],
    );
    assert.match(remarks(below).join('\n'), /differs spec: \*\.example\.com takes hosts with any number of labels/);
    const without = written([ingress('web', { tls: [{ hosts: ['shop.example.com'] }] })]);
    assert.deepEqual(
      listeners(without).map(({ protocol }) => protocol),
      ['HTTP'],
    );
    assert.match(remarks(without).join('\n'), /unsupported spec: no Secret has a certificate for shop\.example\.com/);
  });

  it('asks no client for a certificate: a host that does is not written', () => {
    const guarded = { 'auth-tls-secret': 'shop/ca', 'auth-tls-verify-client': 'on' };
    const objects = [ingress('web', { annotations: guarded, tls: TLS }), ingress('api', { host: 'api.example.com' })];
    const ca = {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'ca', namespace: 'shop' } },
      data: { 'ca.crt': Buffer.from(selfSigned({ names: ['ca.example.com'] }).cert).toString('base64') },
    };
    const blind = written(objects);
    assert.match(remarks(blind).join('\n'), /refused auth-tls-secret: its routes are not written/);
    const migration = written([...objects, ca]);
    assert.deepEqual(names(migration.manifests), ['Gateway kube-entry/kube-entry', 'HTTPRoute shop/api']);
    assert.match(remarks(migration).join('\n'), /refused auth-tls-secret: .*shop\.example\.com is not written/);
    assert.equal(migration.report.isLossy, true);
  });

  it('passes TLS on where the Service has the certificate', () => {
    const migration = written([
      ingress('web', { annotations: { 'ssl-passthrough': 'true' } }),
      service('web', [{ port: 80 }]),
    ]);
    assert.deepEqual(listeners(migration)[1], {
      ...{ name: 'https-shop.example.com', hostname: 'shop.example.com', port: 443, protocol: 'TLS' },
      tls: { mode: 'Passthrough' },
      allowedRoutes: listenersOf('shop'),
    });
    assert.deepEqual(routes(migration, 'TLSRoute')[0]?.rules, [{ backendRefs: [{ name: 'web', port: 80 }] }]);
  });
});

function listenersOf(namespace: string): object {
  const matchExpressions = [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [namespace] }];
  return { namespaces: { from: 'Selector', selector: { matchExpressions } } };
}

describe('the routes that take the place of Ingresses', () => {
  it('a canary is a share of the backends, and headers that choose one come before it', () => {
    const canary = { canary: 'true', 'canary-weight': '20', 'canary-by-header': 'X-Canary', 'canary-by-cookie': 'c' };
    const migration = written([
      ingress('web', {}),
      ingress('new', { annotations: canary, paths: { '/': 'new' }, age: 1 }),
    ]);
    const [route] = routes(migration);
    const path = { type: 'PathPrefix', value: '/' };
    const header = (value: string) => ({ path, headers: [{ name: 'x-canary', value }] });
    const cookie = (value: string) => ({
      path,
      headers: [{ type: 'RegularExpression', name: 'Cookie', value: `(?:.*; *)?c=${value}(?:;.*)?` }],
    });
    assert.deepEqual(route?.rules, [
      { matches: [header('always'), cookie('always')], backendRefs: [{ name: 'new', port: 80 }] },
      { matches: [header('never'), cookie('never')], backendRefs: [{ name: 'web', port: 80 }] },
      {
        matches: [{ path }],
        backendRefs: [
          { name: 'web', port: 80, weight: 80 },
          { name: 'new', port: 80, weight: 20 },
        ],
      },
    ]);
  });

  it('calls of gRPC get a GRPCRoute, by service and method', () => {
    const annotations = { 'backend-protocol': 'GRPC' };
    const migration = written([
      ingress('api', { annotations, paths: { '/a.B': 'b', '= /a.C/Get': 'c' } }),
      ingress('all', { annotations, host: 'all.example.com' }),
    ]);
    assert.deepEqual(
      routes(migration, 'GRPCRoute').map(({ rules }) => rules.map(({ matches }) => matches)),
      [[undefined], [[{ method: { service: 'a.B' } }], [{ method: { service: 'a.C', method: 'Get' } }]]],
    );
    assert.deepEqual(routes(migration), []);
  });

  it('a Service whose certificate is verified gets a BackendTLSPolicy', () => {
    const annotations = {
      'backend-protocol': 'HTTPS',
      'proxy-ssl-secret': 'shop/ca',
      'proxy-ssl-verify': 'on',
      'proxy-ssl-name': 'web.shop',
    };
    const migration = written([ingress('web', { annotations }), service('web', [{ name: 'tls', port: 80 }])]);
    assert.deepEqual(specs(migration, 'BackendTLSPolicy'), [
      {
        targetRefs: [{ group: '', kind: 'Service', name: 'web', sectionName: 'tls' }],
        validation: { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'web-ca' }], hostname: 'web.shop' },
      },
    ]);
    assert.match(remarks(migration).join('\n'), /unsupported proxy-ssl-secret: .*reads it from the ConfigMap web-ca/);
  });

  it('ports have their numbers: a name that is not known is told, and not written', () => {
    const named = { name: 'web', port: { name: 'http' } };
    const object = {
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web', namespace: 'shop' } },
      spec: { ingressClassName: 'nginx', defaultBackend: { service: named } },
    };
    const known = written([object, service('web', [{ name: 'http', port: 8080 }])]);
    assert.deepEqual(routes(known)[0]?.rules[0]?.backendRefs, [{ name: 'web', port: 8080 }]);
    assert.equal(routes(known)[0]?.hostnames, undefined, 'for all hosts');
    const unknown = written([object]);
    assert.deepEqual(unknown.manifests, []);
    assert.match(remarks(unknown).join('\n'), /refused spec: the port http of the Service shop\/web is not known/);
  });

  it('hosts of one Ingress that are served alike share a route', () => {
    const annotations = { 'server-alias': 'a.example.com, b.example.com' };
    const [route] = routes(written([ingress('web', { annotations })]));
    assert.deepEqual(route?.hostnames, ['a.example.com', 'b.example.com', 'shop.example.com']);
    assert.equal(route?.parentRefs.length, 3);
  });
});

/** As the CustomResourceDefinitions have it; none where they are not there. */
function problemsOf({ kind, apiVersion, spec }: Manifest): string[] {
  const schema = SCHEMAS.get(`${kind} ${apiVersion.split('/')[1]}`);
  if (schema === undefined) return SCHEMAS.size === 0 ? [] : [`${kind} of ${apiVersion} is not known`];
  return schemaProblems(schema, JSON.parse(JSON.stringify(spec)));
}

describe('for each Ingress of the cases', () => {
  const [namespace = '', name = ''] = CONFIG_MAP.split('/');
  for (const [file, cases] of readCases()) {
    it(`${file}: what is written has the shape of the API, each object a name of its own, and is the same each time`, () => {
      for (const one of cases) {
        const services = servicesOf(one).flatMap(key => serviceObjects(key, [], {}));
        const objects = [...commonObjects(one), ...services, ...one.ingresses.map(ingressObject)];
        const write = (order: readonly object[]) => written(order, { configMap: { namespace, name } });
        const { manifests } = write(objects);
        for (const manifest of manifests) {
          if (manifest.kind === 'ConfigMap') continue;
          assert.deepEqual(problemsOf(manifest), [], one.name);
          const read = readGatewayObject(manifest.kind as GatewayKind, JSON.parse(JSON.stringify(manifest)), 'default');
          assert.ok(!isShapeProblem(read), `${one.name}: ${JSON.stringify(read)}`);
        }
        assert.equal(new Set(names(manifests)).size, manifests.length, one.name);
        assert.deepEqual(write(objects.toReversed()).manifests, manifests, one.name);
      }
    });
  }
});
