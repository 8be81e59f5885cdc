import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Diagnostic } from '../../../src/model/diagnostic.ts';
import type { ServiceRef } from '../../../src/model/route.ts';
import { type IngressObject, readIngress } from '../../../src/resources/ingress-object.ts';
import { readService, type ServiceObject } from '../../../src/resources/service-object.ts';
import { ingressKey } from '../../../src/translate/ingress/ingress-key.ts';
import type { IngressLookups } from '../../../src/translate/ingress/ingress-lookups.ts';
import { type HostTranslation, IngressTranslator } from '../../../src/translate/ingress/ingress-translator.ts';
import { translateIngresses } from '../../../src/translate/ingress/translate-ingresses.ts';
import fc from '../../support/property.ts';

const OPTIONS = { ingressClass: ['nginx'], allowExternalName: false };
const NGINX = 'nginx.ingress.kubernetes.io/';

const SERVICES: ReadonlyMap<string, ServiceObject> = new Map(
  ['s1', 's2', 's3'].flatMap(name => {
    const object = { metadata: { name }, spec: { clusterIP: '10.0.0.1', ports: [{ port: 80 }] } };
    const service = readService(object, 'default');
    return 'reason' in service ? [] : [[name, service] as const];
  }),
);
const LOOKUPS: IngressLookups = {
  service: ({ name }: ServiceRef) => SERVICES.get(name),
  credentials: () => undefined,
  authorities: () => undefined,
  certificate: () => undefined,
  configMap: () => undefined,
  isAwaiting: false,
};

/** Few names, so that Ingresses meet on hosts, paths, Services and further names. */
const host = fc.constantFrom('a.example', 'b.example', 'www.a.example', '*.example', 'c.b.example', '');
const path = fc.record({
  path: fc.constantFrom('/', '/x', '/x/', '/y', '/Y', '/x(/|$)(.*)'),
  pathType: fc.constantFrom('Prefix', 'Exact', 'ImplementationSpecific'),
  service: fc.constantFrom('s1', 's2', 's3', 'gone'),
});
const annotations = fc.record(
  {
    'use-regex': fc.constantFrom('true', 'false', 'no'),
    'rewrite-target': fc.constantFrom('/', '/$2', '/x/'),
    canary: fc.constantFrom('true', 'false'),
    'canary-weight': fc.constantFrom('10', '100'),
    'server-alias': fc.constantFrom('b.example', 'z.example', 'a.example,www.b.example'),
    'from-to-www-redirect': fc.constantFrom('true', 'false'),
    'app-root': fc.constantFrom('/home', 'home'),
    'load-balance': fc.constantFrom('round_robin', 'ewma'),
    'ssl-redirect': fc.constantFrom('true', 'false'),
    'whitelist-source-range': fc.constantFrom('10.0.0.0/8', 'nonsense'),
  },
  { requiredKeys: [] },
);
const ingress = fc
  .record({
    name: fc.constantFrom('i1', 'i2', 'i3', 'i4', 'i5'),
    namespace: fc.constantFrom('default', 'other'),
    className: fc.constantFrom('nginx', 'nginx', 'nginx', 'foreign'),
    age: fc.constantFrom('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
    rules: fc.array(fc.record({ host, paths: fc.array(path, { maxLength: 3 }) }), { maxLength: 3 }),
    tls: fc.array(fc.constantFrom('a.example', 'b.example', '*.example'), { maxLength: 1 }),
    defaultBackend: fc.option(fc.constantFrom('s1', 'gone'), { nil: undefined }),
    annotations,
  })
  .map(read);

const change = fc.oneof(
  { weight: 4, arbitrary: fc.record({ upsert: ingress }) },
  { weight: 1, arbitrary: fc.record({ remove: ingress }) },
);

type Fields = Readonly<Record<'name' | 'namespace' | 'className' | 'age', string>> & {
  readonly rules: readonly {
    readonly host: string;
    readonly paths: readonly Readonly<Record<'path' | 'pathType' | 'service', string>>[];
  }[];
  readonly tls: readonly string[];
  readonly defaultBackend: string | undefined;
  readonly annotations: Readonly<Partial<Record<string, string>>>;
};

function read({
  name,
  namespace,
  className,
  age,
  rules,
  tls,
  defaultBackend,
  annotations: given,
}: Fields): IngressObject {
  const backend = (service: string) => ({ service: { name: service, port: { number: 80 } } });
  const named = Object.entries(given).map(([key, value]) => [NGINX + key, value]);
  const object = readIngress(
    {
      metadata: { name, namespace, creationTimestamp: age, annotations: Object.fromEntries(named) },
      spec: {
        ingressClassName: className,
        ...(defaultBackend !== undefined && { defaultBackend: backend(defaultBackend) }),
        tls: tls.map(one => ({ hosts: [one], secretName: 'cert' })),
        rules: rules.map(rule => ({
          ...(rule.host !== '' && { host: rule.host }),
          http: { paths: rule.paths.map(one => ({ ...one, backend: backend(one.service) })) },
        })),
      },
    },
    'default',
  );
  if ('reason' in object) throw new Error(object.reason);
  return object;
}

test('whatever comes, changes and goes, step by step it becomes what it becomes at once', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), changes => {
      const translator = new IngressTranslator(OPTIONS, {
        lookupsFor: () => LOOKUPS,
        service: ref => LOOKUPS.service(ref),
        onBug: error => {
          throw error;
        },
      });
      const [hosts, found] = [new Map<string, HostTranslation>(), new Map<string, readonly Diagnostic[]>()];
      for (const step of changes) {
        if ('upsert' in step) translator.upsert(step.upsert);
        else translator.remove(step.remove.metadata);
        const { hosts: changed, diagnostics } = translator.settle();
        for (const [name, translation] of changed) {
          if (translation === undefined) hosts.delete(name);
          else hosts.set(name, translation);
        }
        for (const [key, all] of diagnostics) found.set(key, all);
      }
      const last = new Map<string, IngressObject>();
      for (const step of changes) {
        if ('upsert' in step) last.set(ingressKey(step.upsert.metadata), step.upsert);
        else last.delete(ingressKey(step.remove.metadata));
      }
      const whole = translateIngresses({ ingresses: [...last.values()], lookups: LOOKUPS }, OPTIONS);
      assert.deepEqual(plain(hosts), plain(whole.hosts));
      const said = [...found].filter(([, all]) => all.length > 0);
      assert.deepEqual(new Map(said), new Map([...whole.diagnostics].filter(([, all]) => all.length > 0)));
    }),
    { numRuns: 300 },
  );
});

/** What a host becomes, without the reading that it was made of. */
function plain(hosts: ReadonlyMap<string, HostTranslation>): unknown {
  return Object.fromEntries(
    [...hosts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { owner, ...rest }]) => [name, { ...rest, owner: owner.ingress }]),
  );
}
