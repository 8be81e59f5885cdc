import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompiledRoute } from '../../../src/dataplane/compiled-route.ts';
import type { EngineState } from '../../../src/dataplane/engine.ts';
import { GatewayPortState } from '../../../src/dataplane/gateway-port-state.ts';
import { GatewayPorts } from '../../../src/dataplane/gateway-ports.ts';
import type { TlsSession } from '../../../src/dataplane/pipeline/known-client.ts';
import type { RequestView } from '../../../src/dataplane/pipeline/ports.ts';
import { RequestRouting } from '../../../src/dataplane/pipeline/request-routing.ts';
import { RouteCompiler } from '../../../src/dataplane/route-compiler.ts';
import { TlsHosts } from '../../../src/dataplane/transport/tls/tls-hosts.ts';
import { AddressRanges } from '../../../src/formats/address-ranges.ts';
import type { Policy } from '../../../src/model/policy.ts';
import type { Route } from '../../../src/model/route.ts';
import { DEFAULTS } from '../../../src/settings/schema.ts';
import { gatewayRoute, PORT } from '../../support/gateway-routes.ts';
import { clusterContext, clusterOf, deltaOf, filterServices, published, route } from '../../support/routes.ts';

interface Asked {
  readonly host?: string;
  readonly target?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Hostname of the listener that the server name has led to. */
  readonly session?: string;
  readonly isGateway?: boolean;
}

/** Routes of a worker, at a port with some listeners. */
class Scene {
  readonly #state: EngineState;
  readonly #port: GatewayPortState;
  readonly #routing = new RequestRouting();
  readonly #none = new AddressRanges([]);

  constructor(hostnames: readonly string[], routes: readonly Route[], random = () => 0) {
    const compiler = new RouteCompiler(clusterContext({ random }), filterServices());
    const delta = deltaOf({ version: 1, upserts: [...routes], removals: [] });
    const shared = routes.flatMap(({ backends = [] }) => backends);
    const extra = shared.map(({ cluster }) => clusterOf({ cluster, service: { namespace: 'default', name: cluster } }));
    const clusters = { upserts: [...delta.clusters.upserts, ...extra], removals: [] };
    this.#state = {
      table: compiler.apply(undefined, published({ ...delta, clusters })),
      settings: DEFAULTS,
      errorPage: '',
      tlsHosts: new TlsHosts(),
      gatewayPorts: new GatewayPorts(Math.random),
      clusterOf: () => undefined,
      defaultCertificate: undefined,
      ticketKeys: new Uint8Array(48),
    };
    this.#port = new GatewayPortState(
      {
        id: PORT,
        listen: { host: '127.0.0.1', port: 80 },
        publicPort: 80,
        transport: 'plain',
        listeners: hostnames.map(hostname => ({ name: hostname, hostname, serves: 'http', certificates: [] })),
      },
      random,
    );
  }

  /** @returns the reason of a failure, else the name of the match, or the path of another route */
  ask({
    host = 'a.example',
    target = '/',
    method = 'GET',
    headers = {},
    session,
    isGateway = true,
  }: Asked = {}): string {
    const head = {
      protocol: 'HTTP/1.1',
      method,
      target,
      host,
      hasHost: true,
      contentLength: 0,
      offersUpgrade: false,
      has: () => false,
      value: () => '',
      field: (name: string) => headers[name] ?? '',
      fields: () => Object.entries(headers),
    } as unknown as RequestView;
    const tls = session === undefined ? undefined : ({ listener: session, clientPolicy: '' } as TlsSession);
    const client = { peer: '192.0.2.1', tls, port: isGateway ? this.#port : undefined };
    const outcome = this.#routing.validateAndRoute(head, this.#state, client, this.#none);
    if (outcome !== undefined) return String(outcome);
    return this.#routing.route?.listener?.match ?? (this.#routing.route?.path as string);
  }

  /** The cluster of the last request. */
  get cluster(): string {
    return this.#routing.route?.cluster.service.name as string;
  }
}

test('a request to a port is taken by the closest listener, and by that alone', () => {
  const hostnames = ['', '*.example.com', '*.foo.example.com', 'abc.foo.example.com'];
  const sections = ['empty-hostname', 'wildcard-example-com', 'wildcard-foo-example-com', 'abc-foo-example-com'];
  const routes = sections.map((section, index) =>
    gatewayRoute(section, `/${section}`, { listener: { hostname: hostnames[index] as string } }),
  );
  const scene = new Scene(hostnames, routes);
  const hosts = ['bar.com', 'bar.example.com', 'bar.foo.example.com', 'abc.foo.example.com'];
  for (const [index, host] of hosts.entries()) {
    for (const [at, section] of sections.entries()) {
      const expected = at === index ? section : 'no_route';
      assert.equal(scene.ask({ host, target: `/${section}` }), expected, `${host}/${section}`);
      assert.equal(scene.ask({ host: `${host.toUpperCase()}:80`, target: `/${section}` }), expected);
    }
  }
});

test('a host without a listener has no route', () => {
  const scene = new Scene(['a.example'], [gatewayRoute('one', '/', { listener: { hostname: 'a.example' } })]);
  assert.equal(scene.ask(), 'one');
  assert.equal(scene.ask({ host: 'b.example' }), 'no_route');
});

test('routes of a Gateway are not for other ports, and other routes not for its ports', () => {
  const scene = new Scene([''], [gatewayRoute('one', '/one'), route('/service')]);
  assert.equal(scene.ask({ target: '/one' }), 'one');
  assert.equal(scene.ask({ target: '/service' }), 'no_route');
  assert.equal(scene.ask({ target: '/one', isGateway: false }), 'no_route');
  assert.equal(scene.ask({ target: '/service', isGateway: false }), '/service');
});

/** The routes of the suite: hosts of the two first are served, and any host of the two others. */
test('a request that belongs to another listener than its session is misdirected', () => {
  const at = (hostname: string, match: string, host = hostname) =>
    gatewayRoute(match, '/', { host, listener: { hostname } });
  const scene = new Scene(
    ['', 'second-example.org', '*.wildcard.org', 'fourth-example.wildcard.org'],
    [
      at('', 'v1', 'example.org'),
      at('second-example.org', 'v2'),
      at('*.wildcard.org', 'v3'),
      at('fourth-example.wildcard.org', 'v1'),
    ],
  );
  const second = 'second-example.org';
  const wildcard = '*.wildcard.org';
  const fourth = 'fourth-example.wildcard.org';
  const rows: [session: string, host: string, expected: string][] = [
    ['', 'example.org', 'v1'],
    ['', second, 'request_misdirected'],
    ['', 'unknown-example.org', 'no_route'],
    [second, second, 'v2'],
    [second, 'example.org', 'request_misdirected'],
    [second, 'unknown-example.org', 'request_misdirected'],
    [wildcard, 'third-example.wildcard.org', 'v3'],
    [wildcard, 'fifth-example.wildcard.org', 'v3'],
    [wildcard, fourth, 'request_misdirected'],
    [wildcard, second, 'request_misdirected'],
    [wildcard, 'unknown-example.org', 'request_misdirected'],
    [fourth, fourth, 'v1'],
    [fourth, 'fifth-example.wildcard.org', 'request_misdirected'],
  ];
  for (const [session, host, expected] of rows)
    assert.equal(scene.ask({ session, host }), expected, `${session} ${host}`);
});

test('a host that no listener takes has no route, whichever session carries the request', () => {
  const scene = new Scene(['a.example'], [gatewayRoute('one', '/', { listener: { hostname: 'a.example' } })]);
  assert.equal(scene.ask({ session: 'a.example', host: 'b.example' }), 'no_route');
});

test('a path that leads to another route when its encoded slashes are slashes is refused', () => {
  const scene = new Scene([''], [gatewayRoute('admin', '/admin'), gatewayRoute('all', '/')]);
  assert.equal(scene.ask({ target: '/x/..%2fadmin' }), 'request_path_ambiguous');
  assert.equal(scene.ask({ target: '/admin/..%2f..%2f' }), 'request_path_ambiguous');
  assert.equal(scene.ask({ target: '/files/a%2Fb' }), 'all');
  assert.equal(scene.ask({ target: '/%61dmin/x%2Fy' }), 'admin');
  assert.equal(scene.ask({ target: '/../x' }), 'request_path_above_root');
});

test('conditions are those of the request that is under way', () => {
  const one = gatewayRoute('one', '/', { listener: { conditions: { headers: [{ name: 'version', value: 'one' }] } } });
  const put = gatewayRoute('put', '/', { listener: { conditions: { method: 'PUT' } } });
  const whale = gatewayRoute('whale', '/', {
    listener: { conditions: { query: [{ name: 'animal', value: 'whale' }] } },
  });
  const scene = new Scene([''], [one, put, whale]);
  assert.equal(scene.ask({ headers: { version: 'one' } }), 'one');
  assert.equal(scene.ask(), 'no_route');
  assert.equal(scene.ask({ method: 'PUT' }), 'put');
  assert.equal(scene.ask({ target: '/x?animal=whale' }), 'whale');
  assert.equal(scene.ask({ target: '/x' }), 'no_route');
});

test('patterns that take too long end the request, not the worker', () => {
  const evil = gatewayRoute('evil', '/(a|aa)*(a|aa)*(a|aa)*b', { match: 'regex' });
  const scene = new Scene([''], [evil]);
  assert.equal(scene.ask({ target: `/${'a'.repeat(6_000)}` }), 'pattern_too_costly');
});

test('backends share requests by weight, those of weight 0 get none', () => {
  const backends = [
    { cluster: 'v1', weight: 70 },
    { cluster: 'v2', weight: 30 },
    { cluster: 'v3', weight: 0 },
  ];
  for (const start of [0, 0.3, 0.999]) {
    const scene = new Scene([''], [gatewayRoute('one', '/', { cluster: 'v1', backends })], () => start);
    const counts = new Map<string, number>();
    for (let request = 0; request < 500; request += 1) {
      assert.equal(scene.ask(), 'one');
      counts.set(scene.cluster, (counts.get(scene.cluster) ?? 0) + 1);
    }
    assert.equal(counts.get('v3'), undefined);
    assert.ok(Math.abs((counts.get('v1') as number) - 350) < 5, `${counts.get('v1')} of 500`);
  }
});

test('without a backend that has a weight, all go to the cluster of the route', () => {
  const backends = [{ cluster: 'v1', weight: 0 }];
  const service = { namespace: 'default', name: 'own' };
  const scene = new Scene([''], [gatewayRoute('one', '/', { backends, service, cluster: 'own' })]);
  assert.equal(scene.ask(), 'one');
  assert.equal(scene.cluster, 'own');
});

/** The routes of two places of one rule, by the two backends that share their requests: one of them has a policy of its own. */
function routesOfRule(policy: (name: string) => Policy): CompiledRoute[][] {
  const backends = [
    { cluster: 'v1', weight: 1, policies: [policy('X-Own')] },
    { cluster: 'v2', weight: 1 },
  ];
  const compiler = new RouteCompiler(clusterContext({ random: () => 0 }), filterServices());
  const one = gatewayRoute('one', '/', { cluster: 'v1', backends, policies: [policy('X-Rule')] });
  const two = gatewayRoute('two', '/two', { cluster: 'v1', backends, policies: one.policies ?? [] });
  const delta = deltaOf({ version: 1, upserts: [one, two], removals: [] });
  const second = clusterOf({ cluster: 'v2', service: { namespace: 'default', name: 'v2' } });
  const clusters = { upserts: [...delta.clusters.upserts, second], removals: [] };
  const table = compiler.apply(undefined, published({ ...delta, clusters }));
  return [...table.routes()].map(({ backends: shared }) =>
    [shared?.next(), shared?.next()].filter(routed => routed !== undefined),
  );
}

test('a backend has the policies of the rule, and its own behind them', () => {
  const text = [{ variable: 'remote_addr' }];
  const compiled = routesOfRule(name => ({ kind: 'request-headers', edits: [{ op: 'set', name, value: '', text }] }));
  const counts = compiled.map(routes => routes.map(routed => routed.filters?.request.length).sort());
  assert.deepEqual(counts, [
    [1, 2],
    [1, 2],
  ]);
  const filters = compiled.map(routes => new Set(routes.map(routed => routed.filters)));
  assert.deepEqual(filters[0], filters[1], 'the routes of a rule share their filters');
});

test('a backend makes the changes of the rule, and its own behind them, where they are the same for all requests', () => {
  const compiled = routesOfRule(name => ({ kind: 'request-headers', edits: [{ op: 'set', name, value: 'x' }] }));
  const added = compiled.map(routes => routes.map(({ changes }) => changes?.request?.added).sort());
  const ofBoth = ['X-Rule: x\r\n', 'X-Rule: x\r\nX-Own: x\r\n'];
  assert.deepEqual(added, [ofBoth, ofBoth]);
});
