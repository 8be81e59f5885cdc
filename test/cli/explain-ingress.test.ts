/** What `kube-entry explain` says of locations of Ingresses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runHere, writeManifest } from './cli-fixture.ts';

const SHOP = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: shop, annotations: { nginx.ingress.kubernetes.io/proxy-read-timeout: "120" } }
spec:
  ingressClassName: nginx
  tls: [{ hosts: [shop.example.com], secretName: tls }]
  rules:
    - host: shop.example.com
      http: { paths: [{ path: /cart, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
    - host: plain.example.com
      http: { paths: [{ path: /cart, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { proxy-connect-timeout: "7", proxy-body-size: 1m }
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { clusterIP: 10.96.0.19, ports: [{ port: 80 }] }
`;

async function explained(file: string, ...args: string[]): Promise<string> {
  const { stdout } = await runHere(['explain', '--manifests', file, '--ingress-class', 'nginx', ...args]);
  return stdout;
}

test('a request in plain HTTP to a host with TLS is answered with a redirect, and that is said first', async context => {
  const file = await writeManifest(context, SHOP);
  const said =
    /^ {2}Over http +answered with 308, which sends it to https:\/\/shop\.example\.com\/cart\?a; the rest is for https\n {2}Route/m;
  assert.match(await explained(file, 'http://shop.example.com/cart?a/'), said);
  assert.match(await explained(file, 'shop.example.com/cart?a/'), said);
  assert.doesNotMatch(await explained(file, 'https://shop.example.com/cart'), /Over http/);
  assert.doesNotMatch(await explained(file, 'http://plain.example.com/cart'), /Over http/);
  const json = JSON.parse(await explained(file, '--https-port', '8443', '-o', 'json', 'http://shop.example.com/cart'));
  assert.deepEqual(json.plainRedirect, { status: 308, location: 'https://shop.example.com:8443/cart' });
});

test('each limit is shown with what says it: the annotation, the ConfigMap, or the default of ingress-nginx', async context => {
  const file = await writeManifest(context, SHOP);
  const all = await explained(file, '--ingress-configmap', 'default/settings', 'shop.example.com/cart');
  assert.match(
    all,
    /^ {2}Timeouts +connect 7s \(ConfigMap\), read 2m \(annotation\), send 60s \(ingress-nginx’s default\)$/m,
  );
  assert.match(all, /^ {2}Body limit +1m \(ingress-nginx’s default\)$/m);
  const none = SHOP.replace(/, annotations: .*? \} \}/, ' }');
  const usual = await explained(await writeManifest(context, none), 'shop.example.com/cart');
  assert.match(usual, /^ {2}Timeouts +connect 5s, read 60s, send 60s \(ingress-nginx’s default\)$/m);
});

test('a path that no backend has is answered with 404, and no internal name is shown', async context => {
  const file = await writeManifest(context, SHOP);
  const nowhere = await explained(file, 'shop.example.com/nowhere');
  assert.match(nowhere, /^ {2}Of +Ingress default\/shop$/m);
  assert.match(nowhere, /^ {2}Service +404, as no path takes it\n {2}Upstream +none: it is answered with 404$/m);
  assert.doesNotMatch(nowhere + (await explained(file, 'shop.example.com/cart')), /upstream-default-backend/);
});
