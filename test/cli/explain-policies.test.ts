import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runHere, writeManifest } from './cli-fixture.ts';

const CART = `
apiVersion: v1
kind: Service
metadata:
  name: cart
  annotations:
    kube-entry.io/path: /cart
    kube-entry.io/response-headers: "set X-Frame-Options: DENY"
    kube-entry.io/deny-from: 192.0.2.0/24
spec: { clusterIP: 10.96.0.1, ports: [{ name: http, port: 80 }] }
`;

test('what each policy does with the request is said, in the order in which the request meets them', async context => {
  const file = await writeManifest(context, CART);
  const does = async (...args: string[]): Promise<unknown> => {
    const { stdout } = await runHere(['explain', '--output', 'json', '--manifests', file, ...args, '/cart/x']);
    return JSON.parse(stdout).policies;
  };
  const sets = { policy: 'response-headers', does: 'sets X-Frame-Options: DENY' };
  assert.deepEqual(await does('--client-ip', '192.0.2.7'), [
    { policy: 'deny-from', does: 'refuses 192.0.2.7, which is in 192.0.2.0/24' },
    sets,
  ]);
  assert.deepEqual(await does('--client-ip', '198.51.100.7', '--method', 'post'), [
    { policy: 'deny-from', does: 'lets pass 198.51.100.7, which is not in 192.0.2.0/24' },
    sets,
  ]);
  assert.deepEqual(await does(), [
    { policy: 'deny-from', does: 'refuses clients of 192.0.2.0/24, lets pass others' },
    sets,
  ]);
  const { stdout, code } = await runHere(['explain', '--manifests', file, '/cart/x']);
  assert.equal(code, 0);
  assert.match(stdout, /\nPolicies, in this order\n.*\n {2}deny-from +refuses clients of 192\.0\.2\.0\/24/s);
});

const PATHS = `
apiVersion: v1
kind: Service
metadata:
  name: paths
  annotations:
    kube-entry.io/path: /paths
    kube-entry.io/cors: origins=https://a.example,https://*.b.example
    kube-entry.io/redirect: "^/old/(.*)$ https://new.example/$1 308"
    kube-entry.io/rewrite: "^/api/(.*)$ /$1"
spec: { clusterIP: 10.96.0.1, ports: [{ name: http, port: 80 }] }
`;

test('patterns and origins are tried with the request', async context => {
  const file = await writeManifest(context, PATHS);
  const explained = async (...args: string[]) => {
    const { stdout } = await runHere(['explain', '--output', 'json', '--manifests', file, ...args]);
    return JSON.parse(stdout);
  };
  const does = async (...args: string[]): Promise<unknown> => {
    const { policies } = await explained(...args);
    return policies.map((one: { does: string }) => one.does);
  };
  const list = 'https://a.example, https://*.b.example';
  assert.deepEqual(await does('/paths/old/x?y'), [
    `lets pages of ${list} read answers; this request names no origin`,
    'answers with 308 and Location: https://new.example/x?y',
    'lets pass /old/x, which ^/api/(.*)$ does not match',
  ]);
  assert.deepEqual(await does('--header', 'Origin: https://x.b.example', '/paths/api/x'), [
    'lets pages of https://x.b.example read the answer',
    'lets pass /api/x, which ^/old/(.*)$ does not match',
    'makes /x of /api/x',
  ]);
  assert.equal((await explained('/paths/api/x?y')).upstreamTarget, '/x?y');
  const [foreign] = (await does('--header', 'Origin: https://evil.example', '/paths/x')) as string[];
  assert.equal(foreign, `lets no page of https://evil.example read the answer: it is not one of ${list}`);
  const [preflight] = (await does(
    '--method',
    'OPTIONS',
    '--header',
    'Origin: https://a.example',
    '/paths/x',
  )) as string[];
  assert.equal(preflight, 'answers with 204, as to a preflight');
});

test('a method that is none is refused', async context => {
  const file = await writeManifest(context, CART);
  const { code, stderr } = await runHere(['explain', '--manifests', file, '--method', 'G T', '/cart']);
  assert.notEqual(code, 0);
  assert.match(stderr, /write a method, as in GET/);
});

test('a Secret of the manifests is known to the policy that names it', async context => {
  const service = CART.replace('deny-from: 192.0.2.0/24', 'basic-auth: users');
  const secret = `
apiVersion: v1
kind: Secret
metadata: { name: users }
stringData: { auth: "alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=" }
---
`;
  for (const [text, does] of [
    [secret + service, /basic-auth +(?!refuses all)/],
    [
      service,
      /basic-auth +refuses all requests with 503, because the Secret users cannot be used: there is no such Secret/,
    ],
  ] as const) {
    const file = await writeManifest(context, text);
    const { stdout } = await runHere(['explain', '--manifests', file, '/cart/x']);
    assert.match(stdout, does);
  }
});
