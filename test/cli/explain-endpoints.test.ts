import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runHere, writeManifest } from './cli-fixture.ts';

/** A Service with three pods, two of them in use. @param balance its policy */
function cart(balance: string): string {
  return `
apiVersion: v1
kind: Service
metadata: { name: cart, annotations: { kube-entry.io/path: /cart, kube-entry.io/balance: "${balance}" } }
spec: { clusterIP: 10.96.0.1, ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: cart-1, labels: { kubernetes.io/service-name: cart } }
addressType: IPv4
ports: [{ name: http, port: 8080, protocol: TCP }]
endpoints:
  - { addresses: [10.0.0.1], targetRef: { kind: Pod, name: cart-a, uid: a } }
  - { addresses: [10.0.0.2], targetRef: { kind: Pod, name: cart-b, uid: b } }
  - { addresses: [10.0.0.3], conditions: { ready: false }, targetRef: { kind: Pod, name: cart-c, uid: c } }
`;
}

/** Address, pod and share of each endpoint. */
function endpointsIn(stdout: string): string[] {
  const [, table = ''] = stdout.split('\n\nWhere it would go\n');
  return table
    .split('\n')
    .slice(1)
    .filter(line => line !== '')
    .map(line => line.trim().split(/ {2,}/).slice(0, 3).join(' '));
}

test('the endpoints are listed with the share of such requests that each would get', async context => {
  const file = await writeManifest(context, cart('round-robin'));
  const { code, stdout } = await runHere(['explain', '--manifests', file, '/cart/x']);
  assert.equal(code, 0);
  assert.match(stdout, /\n {2}Upstream +round-robin over 2 endpoints\n/);
  assert.deepEqual(endpointsIn(stdout), ['10.0.0.1:8080 cart-a 50 %', '10.0.0.2:8080 cart-b 50 %']);
});

test('the client and the headers of the request decide where a key is hashed', async context => {
  const byHeader = await writeManifest(context, cart('hash header:X-User'));
  const sharesFor = async (file: string, ...args: string[]): Promise<string[]> =>
    endpointsIn((await runHere(['explain', '--manifests', file, '/cart', ...args])).stdout).map(line =>
      line.replace(/^\S+ /, ''),
    );
  const first = await sharesFor(byHeader, '--header', 'X-Other: 1', '--header', 'x-user: 7');
  assert.ok(
    first.some(line => line.endsWith(' 100 %')),
    first.join(),
  );
  assert.deepEqual(await sharesFor(byHeader, '--header', 'X-User: 7'), first, 'the same again');
  const users = await Promise.all(
    Array.from({ length: 8 }, (_, user) => sharesFor(byHeader, '--header', `X-User: user-${user}`)),
  );
  assert.equal(new Set(users.map(shares => shares.join())).size, 2, 'others go elsewhere');
  const byClient = await writeManifest(context, cart('hash client-ip'));
  const clients = await Promise.all(
    Array.from({ length: 8 }, (_, client) => sharesFor(byClient, '--client-ip', `192.0.2.${client}`)),
  );
  assert.equal(new Set(clients.map(shares => shares.join())).size, 2);
});

test('a header without a colon is refused with what to write', async context => {
  const file = await writeManifest(context, cart('ewma'));
  const { code, stderr } = await runHere(['explain', '--manifests', file, '/cart', '--header', 'X-User']);
  assert.equal(code, 1);
  assert.match(stderr, /header "X-User": write "NAME: VALUE"/);
});

test('routes name the policy and the first endpoints', async context => {
  const file = await writeManifest(context, cart('least-request'));
  const { stdout } = await runHere(['routes', '--manifests', file]);
  assert.match(stdout, /least-request: 10\.0\.0\.1:8080, 10\.0\.0\.2:8080 /);
});
