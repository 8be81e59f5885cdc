import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tlsSecret } from '../support/secrets.ts';
import { selfSigned } from '../support/self-signed.ts';
import { runHere, scratchDirectory, writeManifest } from './cli-fixture.ts';

const service = (name: string, annotations: Readonly<Record<string, string>>, spec = 'ports: [{ port: 80 }]'): string =>
  [
    'apiVersion: v1',
    'kind: Service',
    'metadata:',
    `  name: ${name}`,
    '  annotations:',
    ...Object.entries(annotations).map(([key, value]) => `    kube-entry.io/${key}: ${JSON.stringify(value)}`),
    `spec: { ${spec} }`,
    '---',
    '',
  ].join('\n');

test('Services without a clusterIP, as they stand in a repository, are fine', async context => {
  const file = await writeManifest(
    context,
    service('volume', { path: '/volume,/pv' }) + service('shop', { path: '/shop' }),
  );
  assert.deepEqual(await runHere(['check', file]), {
    code: 0,
    stdout: '1 file, 2 Services, 2 exposed, 3 routes, 0 problems, 0 warnings\n',
    stderr: '',
  });
});

test('every problem is printed with its file, line and reason, in order', async context => {
  const yaml = [
    service('volume', { port: 'web', path: 'volume' }), // lines 1-9
    service('headless', { path: '/headless' }, 'clusterIP: None, ports: [{ port: 80 }]'), // from line 10
    'kind: Service\n---\n',
    service('a', { path: '/a' }).replace('name: a', 'name: A_'),
  ].join('');
  const file = await writeManifest(context, yaml);
  const { code, stdout, stderr } = await runHere(['check', file]);
  assert.equal(code, 1);
  assert.equal(stderr, '');
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines[0], `${file}:6: kube-entry.io/port: the Service has no TCP port "web"; it has 80`);
  assert.match(lines[1] ?? '', /:7: kube-entry\.io\/path: "volume" must start with a slash$/);
  assert.match(lines[2] ?? '', /:10: the Service is headless/);
  assert.match(lines[3] ?? '', /:18: apiVersion is missing/);
  assert.match(lines[4] ?? '', /:23: (?:Service: )?metadata\.name must be a DNS label/);
  assert.equal(lines[5], '1 file, 2 Services, 0 exposed, 0 routes, 5 problems, 0 warnings');
  assert.equal(lines.length, 6);
});

test('all mistakes of one Service are printed at once', async context => {
  const yaml = `apiVersion: v1
kind: Service
metadata:
  annotations:
    kube-entry.io/path: /a
    kube-entry.io/strip-prefix: false
    kube-entry.io/max-body-size: 0
    kube-entry.io/port: 80
spec: { ports: [{ port: 80 }] }
`;
  const file = await writeManifest(context, yaml);
  const { code, stdout } = await runHere(['check', file]);
  assert.equal(code, 1);
  assert.deepEqual(stdout.split('\n').slice(0, 4), [
    `${file}:4: metadata.name is missing`,
    `${file}:6: metadata.annotations.kube-entry.io/strip-prefix must be a string: put quotes around false`,
    `${file}:7: metadata.annotations.kube-entry.io/max-body-size must be a string: put quotes around 0`,
    `${file}:8: metadata.annotations.kube-entry.io/port must be a string: put quotes around 80`,
  ]);
});

test('an annotation on another kind of object is a warning', async context => {
  const yaml = `apiVersion: apps/v1
kind: Deployment
metadata: { name: a, annotations: { kube-entry.io/path: /a } }
spec:
  template:
    metadata:
      annotations:
        kube-entry.io/port: "80"
---
apiVersion: v1
kind: List
items:
  - apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: { name: a, annotations: { other: x, kube-entry.io/host: a.example.com } }
  - apiVersion: v1
    kind: ConfigMap
    metadata: { name: a, annotations: { other: x } }
`;
  const file = await writeManifest(context, yaml);
  const { code, stdout } = await runHere(['check', file]);
  assert.equal(code, 0);
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    `${file}:3: warning: kube-entry.io/path has no effect on Deployment: annotate the Service instead`,
    `${file}:8: warning: kube-entry.io/port has no effect on Deployment: annotate the Service instead`,
    `${file}:15: warning: kube-entry.io/host has no effect on Ingress: annotate the Service instead`,
    '1 file, 0 Services, 0 exposed, 0 routes, 0 problems, 3 warnings',
  ]);
});

test('a key that appears twice is named', async context => {
  const file = await writeManifest(
    context,
    service('a', { path: '/a' }).replace('    kube-entry', '    x: 1\n    x: 2\n    kube-entry'),
  );
  const { code, stdout } = await runHere(['check', file]);
  assert.equal(code, 1);
  assert.ok(stdout.startsWith(`${file}:7: the key "x" appears twice\n`), stdout);
});

for (const path of [
  '/api(/|$)(.*)',
  '/api/.*',
  '/*',
  '/$1',
  '/api/[^/]+',
  '/users/{id}',
  '^/api',
  '/api$',
  '/a|/b',
  '/a/.+',
  '/\\d',
]) {
  test(`a path that looks like a pattern is a warning: ${path}`, async context => {
    // Only what is a path at all can be one.
    const file = await writeManifest(context, service('a', { path: path.replace('^', '/^') }));
    const { code, stdout } = await runHere(['check', file]);
    assert.equal(code, 0, stdout);
    assert.match(
      stdout,
      /:6: warning: kube-entry\.io\/path: "\/.*" looks like a pattern, but paths are plain prefixes/,
    );
  });
}

test('a path with parentheses or a dollar sign is no pattern', async context => {
  for (const path of ['/Products(1)', '/odata/$metadata', '/a+b', '/a.b', '/~user', "/it's", '/a;v=1']) {
    const file = await writeManifest(context, service('a', { path }));
    assert.match((await runHere(['check', file])).stdout, /0 problems, 0 warnings$/m, path);
  }
});

test('YAML that cannot be parsed is a problem with its line', async context => {
  const file = await writeManifest(context, 'apiVersion: v1\nkind: Service\nmetadata: {name: [\n');
  const { code, stdout } = await runHere(['check', file]);
  assert.equal(code, 1);
  assert.ok(stdout.startsWith(`${file}:`));
  assert.match(stdout, /1 file, 0 Services, 0 exposed/);
});

test('warnings do not change the exit code', async context => {
  const file = await writeManifest(
    context,
    service('volume', { path: '/volume' }, 'ports: [{ port: 80 }, { port: 81 }]'),
  );
  const { code, stdout } = await runHere(['check', file]);
  assert.equal(code, 0);
  assert.match(stdout, /:1: warning: the Service has 2 TCP ports/);
  assert.match(stdout, /0 problems, 1 warning$/m);
});

test('two Services that want one path are a warning that names both places', async context => {
  const directory = await scratchDirectory(context);
  const [first, second] = [join(directory, 'a.yaml'), join(directory, 'b.yaml')];
  await writeFile(first, service('a', { path: '/volume' }));
  await writeFile(second, service('b', { path: '/x,/volume' }));
  const { code, stdout } = await runHere(['check', first, second]);
  assert.equal(code, 0);
  assert.ok(
    stdout.startsWith(
      `${second}:6: warning: Service default/b and Service default/a (${first}:6) both ask for /volume of host *: `,
    ),
    stdout,
  );
  assert.match(
    stdout,
    /^2 files, 2 Services, 2 exposed, 1 waiting for a path of another, 2 routes, 0 problems, 1 warning$/m,
  );
});

test('a Service that appears twice is a problem', async context => {
  const file = await writeManifest(context, service('a', { path: '/a' }) + service('a', { path: '/b' }));
  const { code, stdout } = await runHere(['check', file]);
  assert.equal(code, 1);
  assert.match(stdout, /:9: Service default\/a is already in .*:1: that one counts/);
});

test('ExternalName Services pass with --allow-external-name only', async context => {
  const yaml = service('out', { path: '/out' }, 'type: ExternalName, externalName: example.com');
  const file = await writeManifest(context, yaml);
  const refused = await runHere(['check', file]);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /:1: .*--allow-external-name/);
  assert.equal((await runHere(['check', file, '--allow-external-name'])).code, 0);
});

test('a directory stands for its files of YAML and JSON, and - for standard input', async context => {
  const directory = await scratchDirectory(context);
  await mkdir(join(directory, 'below'));
  await writeFile(join(directory, 'a.yaml'), service('a', { path: '/a' }));
  await writeFile(join(directory, 'notes.txt'), 'not yaml: [');
  await writeFile(join(directory, 'c.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{}] }));
  const { code, stdout } = await runHere(['check', directory, '-', '-'], { input: service('b', { path: 'b' }) });
  assert.equal(code, 1);
  assert.match(stdout, /^<stdin>:6: kube-entry\.io\/path: "b" must start with a slash$/m);
  assert.match(stdout, /c\.json:1: apiVersion is missing or not a string$/m);
  assert.match(stdout, /^3 files, 2 Services, 1 exposed/m);
});

test('a file that is not there is named, with what to give instead', async context => {
  const missing = join(await scratchDirectory(context), 'missing.yaml');
  const { code, stdout, stderr } = await runHere(['check', missing]);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
  assert.equal(stderr, `kube-entry: ${missing} does not exist: give a file of YAML or JSON, or a directory of them\n`);
});

test('an annotation cannot forge a line of the report', async context => {
  const file = await writeManifest(context, service('a', { path: '/a\n/etc/x.yaml:1: fine' }));
  const { stdout } = await runHere(['check', file]);
  assert.equal(stdout.trimEnd().split('\n').length, 2);
});

test('EndpointSlices are checked, each with the Service that asks for it', async context => {
  const slice = (name: string, fields: string): string =>
    `apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: { name: ${name}, labels: { kubernetes.io/service-name: shop } }\n${fields}\n---\n`;
  const yaml = [
    service('shop', { path: '/shop', balance: 'least-request' }, 'ports: [{ name: http, port: 80 }]'), // lines 1-9
    slice('good', 'addressType: IPv4\nports: [{ name: web, port: 8080 }]\nendpoints: [{ addresses: [10.0.0.1] }]'),
    slice('evil', 'addressType: IPv4\nendpoints: [{ addresses: [169.254.169.254] }]'), // from line 17
  ].join('');
  const file = await writeManifest(context, yaml);
  const { code, stdout } = await runHere(['check', file]);
  assert.equal(code, 1);
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    `${file}:10: warning: port 80 of the Service has no endpoints: slices are searched for the port "http", and have the port "web"`,
    `${file}:21: endpoints[0].addresses[0] must be the IP address of an endpoint: not a name, and neither link-local nor multicast`,
    '1 file, 1 EndpointSlice, 1 Service, 1 exposed, 1 route, 1 problem, 1 warning',
  ]);
});

test('Secrets with certificates are checked: the key, the time, and the hosts of the Services that name them', async context => {
  const document = (...[name, pair]: Parameters<typeof tlsSecret>): string =>
    `${JSON.stringify(tlsSecret(name, pair))}\n---\n`;
  const good = selfSigned({ names: ['a.example'] });
  const mixed = { ...good, key: selfSigned().key };
  const file = await writeManifest(
    context,
    [
      document('good', good), // line 1
      document('mixed', mixed), // line 3
      document('old', selfSigned({ notBefore: 0, notAfter: 1_000 })), // line 5
      service('shop', { path: '/', host: 'b.example', 'tls-secret': 'good', 'client-ca-secret': 'elsewhere' }),
      service('strict', { path: '/strict', host: 'a.example', 'client-ca-secret': 'good' }),
    ].join(''),
  );
  const { code, stdout } = await runHere(['check', file]);
  assert.equal(code, 1);
  const name = file.split('/').at(-1);
  assert.deepEqual(
    stdout
      .split('\n')
      .slice(0, -2)
      .map(line => line.slice(line.indexOf(`${name}`))),
    [
      `${name}:3: the certificate of Secret default/mixed cannot be used: tls.crt and tls.key do not belong together`,
      `${name}:5: warning: the certificate of Secret default/old expired at 1970-01-01T00:00:01Z`,
      `${name}:14: warning: kube-entry.io/tls-secret: the certificate of default/good is not valid for b.example: it names 127.0.0.1, a.example`,
      `${name}:25: kube-entry.io/client-ca-secret: the Secret good cannot be used: it has no ca.crt with certificates`,
    ],
  );
  for (const { key } of [good, mixed]) assert.ok(!stdout.includes(key.split('\n')[1] ?? ''));
});

test('of Services that ask different things of the TLS port for one host, both are named', async context => {
  const on = (host: string, more: Readonly<Record<string, string>>, name: string): string =>
    service(name, { path: `/${name}`, host, ...more });
  const pair = selfSigned({ names: ['same.example'] });
  const file = await writeManifest(
    context,
    [
      `${JSON.stringify(tlsSecret('same', pair))}\n---\n${JSON.stringify(tlsSecret('copy', pair))}\n---\n`, // lines 1-4
      on('a.example', { 'tls-secret': 'one' }, 'a'),
      on('a.example', { 'tls-secret': 'two' }, 'b'),
      on('same.example', { 'tls-secret': 'same' }, 'c'),
      on('same.example', { 'tls-secret': 'copy' }, 'd'),
      on('raw.example', { 'tls-passthrough': 'true' }, 'e'),
      on('raw.example', { 'tls-secret': 'one' }, 'f'),
      on('lone.example', { 'tls-secret': 'elsewhere' }, 'g'),
    ].join(''),
  );
  const { code, stdout } = await runHere(['check', file]);
  assert.equal(code, 0);
  assert.deepEqual(stdout.split('\n').slice(0, -2), [
    `${file}:22: warning: kube-entry.io/tls-secret: for a.example, Service default/b and Service default/a (${file}:12) name different certificates: that of the older one is served`,
    `${file}:55: warning: kube-entry.io/tls-passthrough: for raw.example, Service default/f and Service default/e (${file}:52) say different things of tls-passthrough: the older one decides, and the other is refused if it asks for it`,
  ]);
});

test('of two canaries of one Service, the younger one is told that the other counts', async context => {
  const canary = { 'canary-of': 'shop', canary: 'weight=10' };
  const yaml = service('shop', { path: '/shop' }) + service('a-next', canary) + service('b-next', canary);
  const file = await writeManifest(context, yaml);
  const { code, stdout } = await runHere(['check', file]);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /warning: kube-entry\.io\/canary-of: the canary of default\/shop is the older Service default\/a-next/,
  );
  assert.match(stdout, /0 problems, 1 warning\n$/);
});

test('Ingresses are checked for the class that is to be served', async context => {
  const ingress = (name: string, annotations: readonly string[], className = 'nginx'): string =>
    [
      'apiVersion: networking.k8s.io/v1',
      'kind: Ingress',
      `metadata: { name: ${name}, annotations: { ${annotations.join(', ')} } }`,
      'spec:',
      `  ingressClassName: ${className}`,
      `  rules: [{ host: ${name}.example, http: { paths: [{ backend: { service: { name: shop, port: { number: 80 } } } }] } }]`,
      '---',
      '',
    ].join('\n');
  const file = await writeManifest(
    context,
    service('shop', { path: '/shop' }) +
      ingress('good', []) +
      ingress('unknown', ['nginx.ingress.kubernetes.io/unheard-of: "x"']) +
      ingress('other', ['nginx.ingress.kubernetes.io/unheard-of: "x"'], 'traefik'),
  );
  const { code, stdout } = await runHere(['check', '--ingress-class', 'nginx', file]);
  const [warning = '', counts = '', ...rest] = stdout.trimEnd().split('\n');
  assert.equal(code, 0);
  assert.match(warning, /services\.yaml:18: warning: .*unheard-of/);
  assert.match(counts, /2 of 3 Ingresses served, 0 problems, 1 warning$/);
  assert.deepEqual(rest, []);
});

test('an Ingress that answers all requests with 503 because of an annotation is a mistake; a Secret in no file is none', async context => {
  const ingress = (name: string, annotations: string): string =>
    `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${name}
  annotations:
    ${annotations}
spec:
  ingressClassName: nginx
  rules: [{ host: ${name}.example, http: { paths: [{ backend: { service: { name: shop, port: { number: 80 } } } }] } }]
---
`;
  const denied = ingress('denied', 'nginx.ingress.kubernetes.io/configuration-snippet: sub_filter a b;');
  const users = 'nginx.ingress.kubernetes.io/auth-type: basic\n    nginx.ingress.kubernetes.io/auth-secret: users';
  const shop = service('shop', { path: '/shop' });
  const wrong = await runHere(['check', '--ingress-class', 'nginx', await writeManifest(context, shop + denied)]);
  assert.equal(wrong.code, 1);
  assert.match(
    wrong.stdout,
    /services\.yaml:\d+: nginx\.\S+snippet: line 1: "sub_filter" .* its locations answer 503$/m,
  );
  assert.match(wrong.stdout, /1 of 1 Ingresses served, 1 problem, 0 warnings$/m);
  const guarded = await writeManifest(context, shop + ingress('guarded', users));
  const { code, stdout } = await runHere(['check', '--ingress-class', 'nginx', guarded]);
  assert.equal(code, 0, stdout);
});
