/** `kube-entry check` of objects of the Gateway API. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tlsSecret } from '../support/secrets.ts';
import { selfSigned } from '../support/self-signed.ts';
import { yamlOf } from '../support/services.ts';
import { runHere, writeManifest } from './cli-fixture.ts';

const API = 'gateway.networking.k8s.io/v1';

const gateway = (listeners: readonly object[], spec: object = {}): object => ({
  ...{ apiVersion: API, kind: 'Gateway', metadata: { name: 'public', namespace: 'default' } },
  spec: { gatewayClassName: 'kube-entry', listeners, ...spec },
});
const HTTP = { name: 'http', protocol: 'HTTP', port: 80 };

const route = (name: string, rules: readonly object[], spec: object = {}): object => ({
  ...{ apiVersion: API, kind: 'HTTPRoute', metadata: { name, namespace: 'default' } },
  spec: { parentRefs: [{ name: 'public' }], rules, ...spec },
});

const service = (name: string): object => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' } },
  spec: { ports: [{ port: 80 }] },
});
const TO_WEB = { backendRefs: [{ name: 'web', port: 80 }] };

test('a Gateway and its route are fine, and their statuses are shown', async t => {
  const file = await writeManifest(t, yamlOf([gateway([HTTP]), route('web', [TO_WEB]), service('web')]));
  const { code, stdout, stderr } = await runHere(['check', file]);
  assert.equal(stderr, '');
  const [heading, gatewayLine, listenerLine, routeLine, summary] = stdout.split('\n');
  assert.equal(heading, 'Statuses that would be written:');
  assert.match(gatewayLine ?? '', /:2: Gateway default\/public: Accepted, .*Programmed/);
  assert.doesNotMatch(gatewayLine ?? '', /198\.51/, 'an address that no one has asked for');
  assert.match(listenerLine ?? '', /^ {6}listener http: .*Accepted.*, 1 route$/);
  assert.match(routeLine ?? '', / HTTPRoute default\/web at Gateway default\/public: Accepted, ResolvedRefs$/);
  assert.equal(
    summary,
    '1 file, 1 Service, 0 exposed, 0 routes, 1 Gateway, 1 of 1 route attached, 0 problems, 0 warnings',
  );
  assert.equal(code, 0);
});

test('what is refused is said with its place, and exits with 1', async t => {
  const objects = [
    gateway([HTTP, { name: 'https', protocol: 'HTTPS', port: 443 }]),
    route('stray', [TO_WEB], { parentRefs: [{ name: 'public', sectionName: 'nope' }, { name: 'elsewhere' }] }),
    route('path', [{ ...TO_WEB, matches: [{ path: { type: 'PathPrefix', value: 'web' } }] }]),
    route('backend', [{ backendRefs: [{ name: 'missing', port: 80 }] }]),
    service('web'),
  ];
  const file = await writeManifest(t, yamlOf(objects));
  const { code, stdout } = await runHere(['check', file]);
  assert.equal(code, 1);
  assert.match(stdout, /\.yaml:\d+: the Gateway public has no listener named "nope"/);
  assert.match(stdout, /: warning: the Gateway default\/elsewhere is in no manifest: what becomes of the route there/);
  assert.match(stdout, /: the path "web" must start with a slash/);
  assert.match(stdout, /HTTPRoute default\/path at .*not Accepted \(UnsupportedValue: /);
  assert.match(stdout, /HTTPRoute default\/backend at .*: Accepted, not ResolvedRefs \(BackendNotFound: /);
  assert.match(stdout, /listener https: .*not /);
});

test('for scripts, statuses are what would be written', async t => {
  const file = await writeManifest(t, yamlOf([gateway([HTTP]), route('web', [TO_WEB]), service('web')]));
  const { stdout } = await runHere(['check', '--output', 'json', file]);
  const { gateways, gatewayRoutes, gatewayRoutesAttached, statuses } = JSON.parse(stdout) as {
    gateways: number;
    gatewayRoutes: number;
    gatewayRoutesAttached: number;
    statuses: {
      kind: string;
      name: string;
      line: number;
      status: { parents?: { conditions: { type: string }[] }[] };
    }[];
  };
  assert.deepEqual([gateways, gatewayRoutes, gatewayRoutesAttached], [1, 1, 1]);
  assert.deepEqual(
    statuses.map(({ kind, name }) => `${kind} ${name}`),
    ['Gateway public', 'HTTPRoute web'],
  );
  assert.ok(statuses[1]?.status.parents?.[0]?.conditions.some(({ type }) => type === 'ResolvedRefs'));
});

test('certificates are read from the manifests, and addresses are those of the setting', async t => {
  const secret = tlsSecret('web-tls', selfSigned({ names: ['web.example.com'] }));
  const https = { name: 'https', protocol: 'HTTPS', port: 443, tls: { certificateRefs: [{ name: 'web-tls' }] } };
  const file = await writeManifest(t, yamlOf([gateway([https]), route('web', [TO_WEB]), service('web'), secret]));
  const { code, stdout } = await runHere(['check', '--gateway-addresses', '192.0.2.7', file]);
  assert.match(stdout, /Gateway default\/public: Accepted.*, 192\.0\.2\.7$/m);
  assert.match(stdout, /listener https: .*ResolvedRefs.*, 1 route$/m);
  assert.equal(code, 0);
});

test('a class of another controller is not ours, and its routes are not judged', async t => {
  const other = {
    ...{ apiVersion: API, kind: 'GatewayClass', metadata: { name: 'kube-entry' } },
    spec: { controllerName: 'other.example/gateway' },
  };
  const file = await writeManifest(t, yamlOf([other, gateway([HTTP]), route('web', [TO_WEB]), service('web')]));
  const { code, stdout } = await runHere(['check', file]);
  assert.doesNotMatch(stdout, /Statuses that would be written/);
  assert.match(stdout, /1 Gateway, 0 of 1 route attached/);
  assert.equal(code, 0);
});

test('where Gateways share ports, a listener is told which port to write', async t => {
  const listeners = [
    { ...HTTP, hostname: 'a.example.com' },
    { ...HTTP, name: 'other', port: 8080 },
  ];
  const file = await writeManifest(t, yamlOf([gateway(listeners), route('web', [TO_WEB]), service('web')]));
  const { code, stdout } = await runHere(['check', '--gateway-mode', 'shared', file]);
  assert.match(stdout, /listener other: port 8080 cannot be had: all Gateways share port 80 .*Write port 80/);
  assert.match(stdout, /listener http: .*Accepted.*, 1 route$/m);
  assert.equal(code, 0);
});
