import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Catalog } from '../../src/control/catalog.ts';
import { isShapeProblem, readService, type ServiceObject } from '../../src/resources/service-object.ts';
import { PushReader } from '../../src/sources/pushed.ts';
import { assertAffordable } from './cost.ts';

/** The API server takes so much in the annotations of one object. */
const ANNOTATION_BYTES = 256 * 1024;
/** As large as an object may be in etcd, by default. */
const OBJECT_BYTES = 1.5 * 1024 * 1024;

type Annotations = Readonly<Record<string, string>>;

function serviceJson(name: string, annotations: Annotations, spec: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z', annotations },
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.1', ports: [{ name: 'http', port: 80 }], ...spec },
  };
}

function repeated(bytes: number, item: (index: number) => string, separator = ','): string {
  const items: string[] = [];
  for (let length = 0, index = 0; length < bytes; index += 1) {
    const next = item(index);
    items.push(next);
    length += next.length + separator.length;
  }
  return items.join(separator);
}

function manyAnnotations(bytes: number, name: (index: number) => string, value: string): Annotations {
  const names = repeated(bytes, index => name(index) + value, '\n').split('\n');
  return Object.fromEntries(names.map(text => [text.slice(0, text.length - value.length), value]));
}

/** Services of one object each. */
const COSTLY_SERVICES: ReadonlyMap<string, object> = new Map(
  Object.entries<object>({
    'as many paths as fit': serviceJson('web', {
      'kube-entry.io/path': repeated(ANNOTATION_BYTES, index => `/${index}`),
    }),
    'a thousand paths for a thousand hosts': serviceJson('web', {
      'kube-entry.io/path': repeated(6_000, index => `/${index}`),
      'kube-entry.io/host': repeated(6_000, index => `h${index}`),
    }),
    'as many paths for as many hosts as fit': serviceJson('web', {
      'kube-entry.io/path': repeated(ANNOTATION_BYTES / 2, index => `/${index}`),
      'kube-entry.io/host': repeated(ANNOTATION_BYTES / 2, index => `h${index}`),
    }),
    'a path of 4 000 segments': serviceJson('web', { 'kube-entry.io/path': '/a'.repeat(4000) }),
    'a path as long as an annotation may be': serviceJson('web', {
      'kube-entry.io/path': '/a'.repeat(ANNOTATION_BYTES / 2),
    }),
    'a path of escapes': serviceJson('web', { 'kube-entry.io/path': `/${'%c3'.repeat(ANNOTATION_BYTES / 3)}` }),
    'a path of characters beyond ASCII': serviceJson('web', {
      'kube-entry.io/path': `/${'ä/'.repeat(ANNOTATION_BYTES / 3)}`,
    }),
    'paths that are empty': serviceJson('web', { 'kube-entry.io/path': ','.repeat(ANNOTATION_BYTES) }),
    'a host of labels': serviceJson('web', {
      'kube-entry.io/path': '/',
      'kube-entry.io/host': 'a.'.repeat(ANNOTATION_BYTES / 2),
    }),
    'a port as long as an annotation may be': serviceJson('web', {
      'kube-entry.io/path': '/',
      'kube-entry.io/port': 'p'.repeat(ANNOTATION_BYTES),
    }),
    'durations without end': serviceJson('web', {
      'kube-entry.io/path': '/',
      'kube-entry.io/read-timeout': `${' '.repeat(ANNOTATION_BYTES / 2)}x${'1'.repeat(ANNOTATION_BYTES / 2)}`,
    }),
    'a hash of variables without end': serviceJson('web', {
      'kube-entry.io/path': '/',
      'kube-entry.io/balance': `hash ${'$host'.repeat(ANNOTATION_BYTES / 5)}`,
    }),
    'a check without end': serviceJson('web', {
      'kube-entry.io/path': '/',
      'kube-entry.io/health-check': `/${'a'.repeat(ANNOTATION_BYTES / 2)}${' '.repeat(ANNOTATION_BYTES / 2)}x`,
    }),
    'a cookie of parts without end': serviceJson('web', {
      'kube-entry.io/path': '/',
      'kube-entry.io/affinity': 'cookie',
      'kube-entry.io/affinity-name': 'a'.repeat(ANNOTATION_BYTES / 4),
      'kube-entry.io/affinity-path': '/a'.repeat(ANNOTATION_BYTES / 8),
      'kube-entry.io/affinity-domain': 'a.'.repeat(ANNOTATION_BYTES / 8),
    }),
    'annotations that are unknown, and no path': serviceJson(
      'web',
      manyAnnotations(ANNOTATION_BYTES, index => `kube-entry.io/pat${index}`, '/a'),
    ),
    'annotations that are unknown': serviceJson('web', {
      'kube-entry.io/path': '/',
      ...manyAnnotations(ANNOTATION_BYTES, index => `kube-entry.io/pat${index}`, ''),
    }),
    'ports as many as fit, and none that is asked for': serviceJson(
      'web',
      { 'kube-entry.io/path': '/', 'kube-entry.io/port': 'none' },
      {
        ports: Array.from({ length: OBJECT_BYTES / 26 }, (_, index) => ({
          name: `p${index}`,
          port: 1 + (index % 65_535),
        })),
      },
    ),
  }),
);

/** Many Services in one input: a manifest, or what is pushed. */
const MANY_SERVICES: ReadonlyMap<string, (index: number) => object> = new Map(
  Object.entries<(index: number) => object>({
    'that all want one path': index => serviceJson(`s${index}`, { 'kube-entry.io/path': '/' }),
    'that are all refused': index => serviceJson(`s${index}`, { 'kube-entry.io/path': 'x' }),
    'that all want one host': index =>
      serviceJson(`s${index}`, { 'kube-entry.io/path': `/${index}`, 'kube-entry.io/host': '*.a' }),
    'that each have a host': index =>
      serviceJson(`s${index}`, { 'kube-entry.io/path': '/', 'kube-entry.io/host': `*.h${index}` }),
    'whose paths nest': index => serviceJson(`s${index}`, { 'kube-entry.io/path': `/a${'/a'.repeat(index % 32)}` }),
  }),
);

/** By what a record adds to a plain one. */
const PUSHED_FIELDS: ReadonlyMap<string, (index: number) => object> = new Map(
  Object.entries<(index: number) => object>({
    'that all name one canary': index =>
      index === 0 ? { trafficShapingPolicy: { weight: 1 } } : { alternativeBackends: ['default-s0-80'] },
    'that are each the canary of the next': index => ({
      trafficShapingPolicy: { weight: 1, header: 'x', headerValue: 'y', cookie: 'z' },
      alternativeBackends: [`default-s${index + 1}-80`],
    }),
    'that name many alternatives': () => ({ alternativeBackends: Array(1000).fill('default-s0-80') }),
    'with hashes and cookies': index => ({
      upstreamHashByConfig: { 'upstream-hash-by': '$host'.repeat(50), 'upstream-hash-by-subset': true },
      sessionAffinityConfig: { name: 'cookie', cookieSessionAffinity: { name: `c${index}`, maxage: '60' } },
    }),
    'with one endpoint again and again': () => ({ endpoints: Array(1000).fill({ address: '10.0.0.1', port: '80' }) }),
  }),
);

const MANY_BYTES = 1024 * 1024;

function plainService(index: number): object {
  return serviceJson(`plain-${index}`, { 'kube-entry.io/path': `/plain-${index}` });
}

function listOf(bytes: number, item: (index: number) => object): string {
  return `[${repeated(bytes, index => JSON.stringify(item(index)))}]`;
}

/** All that becomes of Services, and of what is wrong with them. */
function translated(text: string): void {
  const catalog = new Catalog({ allowExternalName: false, waitsFor: 'services' });
  const objects = (JSON.parse(text) as unknown[]).map(value => readService(value, 'default'));
  for (const object of objects) assert.ok(!isShapeProblem(object));
  catalog.replace(objects as ServiceObject[]);
  catalog.commit();
  JSON.stringify([catalog.refusals(), catalog.warnings(), catalog.conflicts()]);
  catalog.replace([]);
  catalog.commit();
}

function pushedRecord(object: object, index: number): object {
  return { name: `default-s${index}-80`, service: object, port: 80, endpoints: [{ address: '10.0.0.1', port: '80' }] };
}

function pushed(text: string): void {
  const catalog = new Catalog({ allowExternalName: false, waitsFor: 'pushed' });
  for (let count = 0; count < 2; count += 1) {
    catalog.replacePushed(new PushReader().read(text));
    catalog.commit();
    JSON.stringify([catalog.refusals(), catalog.warnings(), catalog.conflicts()]);
  }
}

describe('no Service costs more than plain ones of its size', () => {
  for (const [name, object] of COSTLY_SERVICES) {
    const costly = JSON.stringify([object]);
    const plain = listOf(costly.length, plainService);
    it(name, () =>
      assertAffordable(
        name,
        () => translated(costly),
        () => translated(plain),
      ),
    );
  }
});

describe('no list of Services costs more than a plain one of its size', () => {
  for (const [name, item] of MANY_SERVICES) {
    const costly = listOf(MANY_BYTES, item);
    const plain = listOf(MANY_BYTES, plainService);
    it(`of Services ${name}`, () =>
      assertAffordable(
        name,
        () => translated(costly),
        () => translated(plain),
      ));
    it(`pushed, of Services ${name}`, () =>
      assertAffordable(
        name,
        () => pushed(listOf(MANY_BYTES, index => pushedRecord(item(index), index))),
        () => pushed(listOf(MANY_BYTES, index => pushedRecord(plainService(index), index))),
      ));
  }
});

describe('no push costs more than a plain one of its size', () => {
  for (const [name, fields] of PUSHED_FIELDS) {
    const costly = listOf(MANY_BYTES, index => ({ ...pushedRecord(plainService(index), index), ...fields(index) }));
    const plain = listOf(MANY_BYTES, index => pushedRecord(plainService(index), index));
    it(`of records ${name}`, () =>
      assertAffordable(
        name,
        () => pushed(costly),
        () => pushed(plain),
      ));
  }
});
