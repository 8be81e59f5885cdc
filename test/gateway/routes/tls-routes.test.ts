import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteReading } from '../../../src/translate/gateway/readings.ts';
import { readRoute } from '../../../src/translate/gateway/routes/read-route.ts';
import { type Around, around, listener, service, tlsRoute } from './scene.ts';

const passthrough = listener({ protocol: 'TLS', mode: 'Passthrough', port: 443, section: 'tls' });
const terminate = listener({
  protocol: 'TLS',
  mode: 'Terminate',
  port: 443,
  section: 'bytes',
  hostname: '*.example.com',
});

function read(route: ReturnType<typeof tlsRoute>, all: Around = {}): RouteReading {
  return readRoute('TLSRoute', route, around({ listeners: [passthrough, terminate], ...all }));
}

function streams(reading: RouteReading): string[] {
  return reading.streams.map(({ listener, stream }) => {
    const backends = stream.backends.map(({ cluster, weight }) => `${cluster} ${weight}`).join(', ');
    return `${listener.section} ${stream.host}: ${backends}`;
  });
}

test('a TLSRoute is a stream for each of its hosts on each listener', () => {
  const reading = read(tlsRoute(['v1'], { hostnames: ['abc.example.com', '*.com', 'other.org'] }));
  assert.deepEqual(streams(reading), [
    'tls abc.example.com: gateway/infra/v1:8080 1',
    'tls *.com: gateway/infra/v1:8080 1',
    'tls other.org: gateway/infra/v1:8080 1',
    'bytes abc.example.com: gateway/infra/v1:8080 1',
    'bytes *.example.com: gateway/infra/v1:8080 1',
  ]);
  assert.equal(reading.attached.size, 2);
  assert.deepEqual(reading.routes, []);
});

test('a TLSRoute without hostnames takes those of the listener', () => {
  const hosts = read(tlsRoute(['v1'])).streams.map(({ stream }) => stream.host);
  assert.deepEqual(hosts, ['', '*.example.com']);
});

test('connections are spread by weight, and those of a Service that is not there are refused', () => {
  const to = [{ weight: 3 }, { name: 'missing', weight: 1 }, { name: 'v2', weight: 0 }];
  const reading = read(tlsRoute(to, { hostnames: ['a.org'] }));
  assert.deepEqual(streams(reading), [
    'tls a.org: gateway/infra/v1:8080 3, gateway invalid-backend 1, gateway/infra/v2:8080 0',
  ]);
  assert.ok('parents' in reading.status.status);
  assert.deepEqual(
    reading.status.status.parents[0]?.conditions.map(({ type, status, reason }) => [type, status, reason]),
    [
      ['Accepted', 'True', 'Accepted'],
      ['ResolvedRefs', 'False', 'BackendNotFound'],
    ],
  );
});

test('bytes that come out of TLS go on in clear, whatever the Service says of HTTP, unless a BackendTLSPolicy is about it', () => {
  const services = [service('v1', { ports: [{ port: 8080, appProtocol: 'mysql' }] })];
  const hostnames = ['a.example.com'];
  const clear = read(tlsRoute(['v1'], { hostnames }), { services }).destinations[0]?.cluster;
  assert.deepEqual([clear?.protocol, clear?.tls], [undefined, undefined]);
  const tls = { serverName: 'backend.example', ca: 'PEM', isVerified: true };
  const sealed = read(tlsRoute(['v1'], { hostnames }), { services, backendTls: () => ({ tls }) });
  // What is passed through is TLS already: it is sent on as it is.
  const clusters = new Map(sealed.destinations.map(({ cluster }) => [cluster.id, cluster.tls]));
  const tlsOf = (section: string) =>
    sealed.streams
      .filter(one => one.listener.section === section)
      .map(({ stream }) => clusters.get(stream.backends[0]?.cluster ?? ''));
  assert.deepEqual([tlsOf('tls'), tlsOf('bytes')], [[undefined], [tls]]);
});

test('a TLSRoute with a field that is not known is refused, and its connections are, too', () => {
  const route = tlsRoute(['v1'], { hostnames: ['a.org'] });
  const rules = route.spec.rules.map(rule => ({ ...rule, unknown: ['backendRefs.proxyProtocol'] }));
  const reading = read({ ...route, spec: { ...route.spec, rules } });
  assert.deepEqual(streams(reading), ['tls a.org: ']);
  assert.deepEqual(reading.destinations, []);
  assert.equal(reading.attached.size, 0);
  assert.ok('parents' in reading.status.status);
  const [accepted] = reading.status.status.parents[0]?.conditions ?? [];
  assert.deepEqual([accepted?.status, accepted?.reason], ['False', 'UnsupportedValue']);
  assert.match(accepted?.message ?? '', /the field "backendRefs.proxyProtocol" is not served/);
});
