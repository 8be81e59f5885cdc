import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouteCompiler } from '../../../src/dataplane/route-compiler.ts';
import type { PublishedDelta } from '../../../src/model/delta.ts';
import { type ClusterId, clustersOf, type Route } from '../../../src/model/route.ts';
import { type IngressObject, readIngress } from '../../../src/resources/ingress-object.ts';
import { readService } from '../../../src/resources/service-object.ts';
import type { Destination } from '../../../src/translate/destination.ts';
import { INGRESS_FEATURES } from '../../../src/translate/ingress/annotations/features.ts';
import { CONFIG_ROWS, readIngressConfig } from '../../../src/translate/ingress/config/config-table.ts';
import { IngressTranslator } from '../../../src/translate/ingress/ingress-translator.ts';
import { pack, unpack } from '../../../src/workers/packed-delta.ts';
import fc from '../../support/property.ts';
import { clusterContext, filterServices } from '../../support/routes.ts';

const OPTIONS = { ingressClass: ['nginx'], allowExternalName: true };
const NAMES = INGRESS_FEATURES.flatMap(({ rows }) => rows.map(({ name }) => name));
const EXAMPLES = INGRESS_FEATURES.flatMap(({ rows }) => rows.map(({ example }) => example));

const HOSTILE = [
  '',
  ' ',
  'a\r\nX-Evil: 1',
  'a\nb',
  '\0',
  '\u00e9\u2028\ud83d\ude00',
  '$host$request_uri$http_x$1$9',
  '${',
  '((((((((',
  '(a+)+$',
  '^(a|a)*$',
  '[^',
  '\\',
  '"',
  "'; } location / { return 200; } #",
  '{{ .Values }}',
  'http://',
  'https://evil.example:99999/',
  'http://user:pass@evil.example/',
  '//evil.example',
  'javascript:alert(1)',
  '-1',
  '0',
  '1e9',
  '99999999999999999999',
  'NaN',
  'true',
  'false',
  '*',
  '~.*',
  '0.0.0.0/0',
  '::/0,10.0.0.0/33',
  '__proto__',
  'constructor',
  'default/secret',
  'other/secret',
  '../../etc/passwd',
  'a'.repeat(20_000),
  '('.repeat(5_000),
  ','.repeat(5_000),
  '$1'.repeat(5_000),
];

const value = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...HOSTILE) },
  { weight: 2, arbitrary: fc.constantFrom(...EXAMPLES) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);
const annotations = fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 12, noNullPrototype: false });
const path = fc.oneof(
  fc.constantFrom('/', '/a', '/a/', '/(a+)+$', '/x(/|$)(.*)', '/[', '/a b', '/é', '/%2e%2e/', '/{', '/a?b=c'),
  fc.string({ maxLength: 20 }).map(text => `/${text}`),
);
const config = fc.dictionary(
  fc.constantFrom(...CONFIG_ROWS.map(({ name }) => name)),
  fc.oneof(fc.constantFrom(...HOSTILE), fc.constantFrom(...CONFIG_ROWS.map(({ fallback }) => fallback))),
  { maxKeys: 6, noNullPrototype: false },
);

function read(name: string, paths: readonly string[], given: Readonly<Record<string, string>>): IngressObject {
  const prefixed = Object.entries(given).map(([key, text]) => [`nginx.ingress.kubernetes.io/${key}`, text]);
  const backend = { service: { name: 'web', port: { number: 80 } } };
  const object = readIngress(
    {
      metadata: { name, annotations: Object.fromEntries(prefixed) },
      spec: {
        ingressClassName: 'nginx',
        tls: [{ hosts: ['a.example'], secretName: 'cert' }],
        rules: [{ host: 'a.example', http: { paths: paths.map(one => ({ path: one, pathType: 'Prefix', backend })) } }],
      },
    },
    'default',
  );
  if ('reason' in object) throw new Error(object.reason);
  return object;
}

test('whatever stands in annotations and in the ConfigMap, nothing throws, and every worker can serve what becomes of it', () => {
  const web = readService(
    { metadata: { name: 'web' }, spec: { clusterIP: '10.0.0.1', ports: [{ port: 80 }] } },
    'default',
  );
  assert.ok(!('reason' in web));
  fc.assert(
    fc.property(
      fc.array(fc.record({ paths: fc.array(path, { minLength: 1, maxLength: 3 }), annotations }), {
        minLength: 1,
        maxLength: 3,
      }),
      config,
      (ingresses, data) => {
        const lookups = {
          service: ({ name }: { readonly name: string }) => (name === 'web' ? web : undefined),
          credentials: () => ({ fault: 'there is no such Secret' }),
          authorities: () => ({ fault: 'there is no such Secret' }),
          certificate: () => ({ fault: 'there is no such Secret' }),
          configMap: () =>
            new Map([
              ['X-A', 'b\r\nX-Evil: 1'],
              ['X-B', 'c'],
            ]),
          isAwaiting: false,
        };
        const translator = new IngressTranslator(OPTIONS, {
          lookupsFor: () => lookups,
          service: lookups.service,
          onBug: error => {
            throw error;
          },
        });
        translator.config = readIngressConfig(new Map(Object.entries(data))).config;
        for (const [index, { paths, annotations: given }] of ingresses.entries())
          translator.upsert(read(`i${index}`, paths, given));
        const { hosts, referred } = translator.settle();
        const translations = [...hosts.values()].filter(one => one !== undefined);
        const destinations = [...translations.flatMap(one => one.destinations), ...[...referred.values()].flat()];
        serve(
          translations.flatMap(({ routes }) => routes),
          destinations,
        );
      },
    ),
    { numRuns: 400 },
  );
});

/** As a worker does it: the change comes as text, and is compiled. */
function serve(routes: readonly Route[], destinations: readonly Destination[]): void {
  const clusters = new Map<ClusterId, Destination>(destinations.map(one => [one.cluster.id, one]));
  for (const route of routes) for (const id of clustersOf(route)) assert.ok(clusters.has(id), `${id} did not come`);
  const delta: PublishedDelta = {
    version: 1,
    routes: { upserts: routes, removals: [] },
    clusters: { upserts: [...clusters.values()].map(({ cluster }) => ({ cluster, counterBlock: 0 })), removals: [] },
    endpoints: [...clusters.values()].map(({ cluster, endpoints }) => ({
      cluster: cluster.id,
      revision: 1,
      endpoints,
    })),
  };
  const compiler = new RouteCompiler(clusterContext(), filterServices());
  let table: ReturnType<RouteCompiler['apply']> | undefined;
  for (const part of pack(delta)) table = compiler.apply(table, unpack(part));
}
