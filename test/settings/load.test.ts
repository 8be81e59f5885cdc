import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SettingsError } from '../../src/errors.ts';
import { formatYaml } from '../../src/formats/yaml.ts';
import { parseFlags } from '../../src/settings/flags.ts';
import { loadSettings, parseLiveSettings, writeSettings } from '../../src/settings/load.ts';
import { DEFAULTS, SCHEMA, SETTING_KEYS, type Settings } from '../../src/settings/schema.ts';
import fc from '../support/property.ts';

function load(args: readonly string[], environment: Record<string, string> = {}): Settings {
  return loadSettings({ flags: parseFlags(args), environment });
}

function configFile(context: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'kube-entry-settings-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'config.yaml');
  writeFileSync(path, text);
  return path;
}

function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    assert.equal(error.code, 'BAD_SETTINGS');
    return error.problems;
  }
  return assert.fail('settings were accepted that must be refused');
}

test('without anything the defaults are in force', () => {
  assert.deepEqual(load([]), DEFAULTS);
});

test('flag goes before environment, environment before file, file before default', context => {
  const path = configFile(context, 'proxyReadTimeout: 1s\nproxySendTimeout: 1s\nsendTimeout: 1s\n');
  const environment = { KUBE_ENTRY_PROXY_READ_TIMEOUT: '2s', KUBE_ENTRY_PROXY_SEND_TIMEOUT: '2s' };
  const settings = load(['--config', path, '--proxy-read-timeout', '3s'], environment);
  assert.equal(settings.proxyReadTimeout, 3_000);
  assert.equal(settings.proxySendTimeout, 2_000);
  assert.equal(settings.sendTimeout, 1_000);
  assert.equal(settings.clientBodyTimeout, 60_000);
});

test('a list of a flag replaces one of the environment, it does not join it', () => {
  assert.deepEqual(load(['--namespace', 'a'], { KUBE_ENTRY_NAMESPACE: 'b,c' }).namespace, ['a']);
  assert.deepEqual(load([], { KUBE_ENTRY_NAMESPACE: 'b,c' }).namespace, ['b', 'c']);
});

test('the environment may name the config file, and a flag another', context => {
  const one = configFile(context, 'workers: 1\n');
  const two = configFile(context, 'workers: 2\n');
  assert.equal(load([], { KUBE_ENTRY_CONFIG: one }).workers, 1);
  assert.equal(load(['--config', two], { KUBE_ENTRY_CONFIG: one }).workers, 2);
});

test('YAML values may have their own type', context => {
  const path = configFile(context, 'workers: 3\nmergeSlashes: off\nnamespace: [a, b]\nclientMaxBodySize: 1024\n');
  const { workers, mergeSlashes, namespace, clientMaxBodySize } = load(['--config', path]);
  assert.deepEqual([workers, mergeSlashes, namespace, clientMaxBodySize], [3, false, ['a', 'b'], 1024]);
});

test('an empty config file is none', context => {
  const path = configFile(context, '# nothing yet\n');
  assert.deepEqual(load(['--config', path]), { ...DEFAULTS, config: path });
});

test('every problem of every origin is reported at once, with its place', context => {
  const path = configFile(context, 'proxyReadTimout: 5s\nworkers: 0\nlisten: localhost:80\n');
  const environment = { KUBE_ENTRY_SEND_TIMEOUT: '5', KUBE_ENTRY_WORKRES: '2', OTHER: 'x' };
  const problems = problemsOf(() => load(['--config', path, '--nonsense', '--listen'], environment));
  const expected = [
    /^--nonsense: unknown option$/,
    /^--listen: needs a value$/,
    /^KUBE_ENTRY_WORKRES: unknown setting; did you mean KUBE_ENTRY_WORKERS\?$/,
    /^KUBE_ENTRY_SEND_TIMEOUT: "5" is not a duration/,
    /config\.yaml: proxyReadTimout: unknown setting; did you mean proxyReadTimeout\?$/,
    /config\.yaml: workers: must be a whole number from 1 to 1024$/,
    /config\.yaml: listen: "localhost:80" is not an address to listen on/,
  ];
  for (const pattern of expected)
    assert.ok(
      problems.some(problem => pattern.test(problem)),
      String(pattern),
    );
  assert.equal(problems.length, expected.length, problems.join('\n'));
});

test('a config file that cannot be read, or is no mapping, is one problem', context => {
  const missing = join(configFile(context, ''), 'nothing-below-a-file');
  for (const path of [
    missing,
    configFile(context, 'a: b: c\n'),
    configFile(context, '- a\n'),
    configFile(context, 'text\n'),
  ]) {
    const problems = problemsOf(() => load(['--config', path]));
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.ok(problems[0]?.startsWith(`${path}: `) && !problems[0].includes('\n'), problems.join());
  }
});

test('variables that Kubernetes sets for Services called kube-entry, or kube-entry-anything, are not settings', () => {
  const injected = {
    KUBE_ENTRY_SERVICE_HOST: '10.96.0.1',
    KUBE_ENTRY_SERVICE_PORT: '80',
    KUBE_ENTRY_SERVICE_PORT_HTTP: '80',
    KUBE_ENTRY_PORT: 'tcp://10.96.0.1:80',
    KUBE_ENTRY_PORT_80_TCP: 'tcp://10.96.0.1:80',
    KUBE_ENTRY_PORT_80_TCP_PROTO: 'tcp',
    KUBE_ENTRY_PORT_80_TCP_PORT: '80',
    KUBE_ENTRY_PORT_80_TCP_ADDR: '10.96.0.1',
    KUBE_ENTRY_PORT_53_UDP_ADDR: '10.96.0.1',
    KUBE_ENTRY_STATUS_SERVICE_HOST: '10.96.0.2',
    KUBE_ENTRY_STATUS_SERVICE_PORT_METRICS: '10254',
    KUBE_ENTRY_STATUS_PORT: 'tcp://10.96.0.2:10254',
    KUBE_ENTRY_STATUS_PORT_10254_TCP: 'tcp://10.96.0.2:10254',
    KUBE_ENTRY_STATUS_PORT_10254_TCP_ADDR: '10.96.0.2',
    KUBE_ENTRY_HTTPS_PORT: 'tcp://10.96.0.3:443',
  };
  assert.deepEqual(load([], injected), DEFAULTS);
  assert.equal(problemsOf(() => load([], { KUBE_ENTRY_PORTS: '80' })).length, 1);
});

test('a setting whose variable looks like one of these is a setting', () => {
  assert.equal(load([], { KUBE_ENTRY_HTTPS_PORT: '28443' }).httpsPort, 28_443);
});

test('manifests and pushed backends exclude each other', () => {
  assert.match(problemsOf(() => load(['--manifests', 'x', '--source', 'push'])).join(), /choose one source/);
});

test('the engine node does not know the PROXY protocol', () => {
  const flags = ['--engine', 'node', '--proxy-protocol', '10.0.0.0/8'];
  assert.match(problemsOf(() => load(flags)).join(), /run --engine wire, or remove --proxy-protocol/);
});

test('live settings are checked as a whole and given as values', () => {
  assert.deepEqual(parseLiveSettings({ proxyReadTimeout: '30s', accessLog: 'off', mergeSlashes: false }), {
    proxyReadTimeout: 30_000,
    accessLog: 'off',
    mergeSlashes: false,
  });
  assert.deepEqual(parseLiveSettings({}), {});
});

test('one bad live setting spoils the push, and each is named', () => {
  const bad: unknown = JSON.parse(
    '{"proxyReadTimeout": "30s", "sendTimeout": "0s", "proxyReadTimout": "1s", "workers": 2, "__proto__": 1}',
  );
  const problems = problemsOf(() => parseLiveSettings(bad));
  const expected = [
    /^sendTimeout: must be longer than zero$/,
    /^proxyReadTimout: unknown setting; did you mean proxyReadTimeout\?$/,
    /^workers: cannot change in a running instance/,
    /^__proto__: unknown setting/,
  ];
  for (const pattern of expected)
    assert.ok(
      problems.some(problem => pattern.test(problem)),
      String(pattern),
    );
  assert.equal(problems.length, expected.length);
});

test('live settings must be an object', () => {
  for (const value of [null, [], 'text', 7, undefined]) {
    assert.match(problemsOf(() => parseLiveSettings(value)).join(), /must be a JSON object/);
  }
});

test('a list pushed as live setting may be a list or a text', () => {
  assert.deepEqual(parseLiveSettings({ trustedProxies: ['10.0.0.0/8'] }).trustedProxies, ['10.0.0.0/8']);
  assert.deepEqual(parseLiveSettings({ trustedProxies: '10.0.0.0/8,::1' }).trustedProxies, ['10.0.0.0/8', '::1']);
});

const namespace = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,12}[a-z0-9])?$/);
const milliseconds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const anySettings: fc.Arbitrary<Settings> = fc
  .record(
    {
      listen: fc.record(
        { host: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.integer({ min: 0, max: 65_535 }) },
        { noNullPrototype: true },
      ),
      workers: fc.integer({ min: 1, max: 1_024 }),
      manifests: fc.string(),
      namespace: fc.array(namespace),
      selector: fc.constantFrom('', 'a=b', 'app.example/a in (x, ,y),!z'),
      allowExternalName: fc.boolean(),
      trustedProxies: fc.array(fc.oneof(fc.ipV4(), fc.ipV6())),
      mergeSlashes: fc.boolean(),
      clientHeaderTimeout: milliseconds,
      keepaliveTimeout: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      clientMaxBodySize: fc.maxSafeNat().filter(bytes => bytes < 1e15),
      keepaliveRequests: fc.integer({ min: 1, max: 2 ** 31 }),
      accessLog: fc.constantFrom('off', 'combined', 'json'),
      logLevel: fc.constantFrom('debug', 'info', 'warn', 'error'),
    },
    { noNullPrototype: true },
  )
  .map(settings => ({ ...DEFAULTS, ...settings }));

test('settings written to a config file are the same when they are read', context => {
  const path = configFile(context, '');
  fc.assert(
    fc.property(anySettings, settings => {
      const { config: _, ...written } = writeSettings(settings);
      writeFileSync(path, formatYaml(written));
      assert.deepEqual(load(['--config', path]), { ...settings, config: path });
    }),
    { numRuns: 200 },
  );
});

test('what is shown of the live settings can be pushed back', () => {
  fc.assert(
    fc.property(anySettings, settings => {
      const live = SETTING_KEYS.filter(key => SCHEMA[key].live);
      const written = writeSettings(settings);
      const pushed: unknown = JSON.parse(JSON.stringify(Object.fromEntries(live.map(key => [key, written[key]]))));
      assert.deepEqual(parseLiveSettings(pushed), Object.fromEntries(live.map(key => [key, settings[key]])));
    }),
    { numRuns: 200 },
  );
});

test('there is one default certificate, whole', () => {
  const problems = (...flags: string[]): string => problemsOf(() => load(flags)).join();
  assert.match(problems('--tls-certificate', 'x'), /--tls-certificate and --tls-key belong together/);
  assert.match(problems('--tls-key', 'x'), /--tls-certificate and --tls-key belong together/);
  const files = ['--tls-certificate', 'x', '--tls-key', 'y'];
  assert.match(problems(...files, '--default-tls-secret', 'a/b'), /choose one default certificate/);
  assert.match(problems('--source', 'push', '--default-tls-secret', 'a/b'), /reads no Secrets/);
  for (const text of ['b', 'a/b/c', '/b', 'a/', 'A/b', 'a/B']) {
    assert.match(problems('--default-tls-secret', text), /NAMESPACE\/NAME|namespace/, text);
  }
  assert.deepEqual(load(['--default-tls-secret', 'a/b.c']).defaultTlsSecret, { namespace: 'a', name: 'b.c' });
});

test('what is asked of Ingresses goes together', () => {
  const problems = (...flags: string[]): string => problemsOf(() => load(flags)).join();
  assert.match(problems('--ingress-class', 'nginx', '--source', 'push'), /reads no Ingresses/);
  assert.match(problems('--ingress-class', 'nginx', '--engine', 'node'), /does not serve Ingresses/);
  assert.match(problems('--publish-service', 'a/b', '--publish-address', '192.0.2.1'), /exclude each other/);
  assert.deepEqual(load(['--ingress-class', 'nginx, internal']).ingressClass, ['nginx', 'internal']);
});

test('what is asked of Gateways goes together', () => {
  const problems = (...flags: string[]): string => problemsOf(() => load(flags)).join();
  const gateway = ['--gateway-controller', 'kube-entry.io/gateway'];
  const addresses = ['--gateway-addresses', '192.0.2.1,2001:db8::1'];
  const settings = load([...gateway, ...addresses]);
  assert.equal(settings.gatewayController, 'kube-entry.io/gateway');
  assert.deepEqual(settings.gatewayAddresses, ['192.0.2.1', '2001:db8::1']);
  assert.equal(load([]).gatewayController, '');
  assert.match(problems(...gateway), /needs --gateway-addresses/);
  assert.match(problems(...gateway, ...addresses, '--source', 'push'), /reads no Gateways/);
  assert.match(problems(...gateway, ...addresses, '--engine', 'node'), /does not serve Gateways/);
  assert.match(problems('--gateway-controller', 'gateway'), /must be a domain and a path/);
  assert.match(problems('--gateway-addresses', 'lb.example.com'), /"lb\.example\.com" is not an IP address/);
  assert.match(problems('--gateway-mode', 'none'), /must be one of addresses, service, shared/);
});

test('what is asked of Gateways that share the ports of all goes together', () => {
  const gateway = ['--gateway-controller', 'kube-entry.io/gateway', '--gateway-mode', 'shared'];
  const address = ['--publish-address', '192.0.2.1'];
  const service = ['--publish-service', 'kube-entry/kube-entry'];
  const problems = (...flags: string[]): string => problemsOf(() => load([...gateway, ...flags])).join();
  assert.equal(load([...gateway, ...address]).gatewayMode, 'shared');
  assert.equal(load([...gateway, ...address, '--manifests', 'folder']).gatewayMode, 'shared');
  assert.equal(load([...gateway, ...service]).gatewayMode, 'shared');
  assert.match(problems(), /needs --publish-service or --publish-address/);
  assert.match(problems(...service, '--manifests', 'folder'), /use --publish-address/);
  assert.match(problems(...address, '--gateway-addresses', '192.0.2.1'), /has no use for --gateway-addresses/);
  assert.match(problems(...address, '--gateway-endpoints', 'a/b'), /has no use for --gateway-endpoints/);
});

test('what is asked of Gateways that are reached by Services goes together', () => {
  const gateway = ['--gateway-controller', 'kube-entry.io/gateway', '--gateway-mode', 'service'];
  const own = ['--gateway-endpoints', 'kube-entry/kube-entry'];
  const problems = (...flags: string[]): string => problemsOf(() => load([...gateway, ...flags])).join();
  const { gatewayServiceType, gatewayPorts } = load([...gateway, ...own]);
  assert.equal(gatewayServiceType, 'LoadBalancer');
  assert.deepEqual(gatewayPorts, { first: 20_000, last: 20_999 });
  assert.match(problems(), /needs --gateway-endpoints/);
  assert.match(problems(...own, '--gateway-addresses', '192.0.2.1'), /has no use for --gateway-addresses/);
  assert.match(problems(...own, '--manifests', 'folder'), /--manifests reads files/);
  assert.match(problems(...own, '--gateway-ports', '8000-8100'), /holds 8080, where this program listens/);
  for (const range of ['20999-20000', '0-7', '1-65536', '20000', '-1-5', 'a-b']) {
    assert.match(problems(...own, `--gateway-ports=${range}`), /must be two ports, the smaller one first/, range);
  }
});

test('an address of the status is what an API server takes there', () => {
  const addresses = ['192.0.2.1', '2001:db8::1', 'lb.example.com'];
  assert.deepEqual(load(['--publish-address', addresses.join()]).publishAddress, addresses);
  for (const text of [
    '192.0.2.300',
    'LB.example.com',
    'lb_1.example.com',
    'lb.example.com.',
    'http://lb',
    '10.0.0.0/8',
  ]) {
    const problems = problemsOf(() => load(['--publish-address', text]));
    assert.match(problems.join(), /neither an IP address nor a DNS name/, text);
  }
});
