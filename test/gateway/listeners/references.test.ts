import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  certificate,
  condition,
  gateway,
  HTTP,
  https,
  listenerConditions,
  object,
  readOne,
  SECRETS,
  statusOf,
  type World,
} from './scene.ts';

const GROUP = 'gateway.networking.k8s.io';
const ELSEWHERE = { namespace: 'certificates' };

function grant(from: object = {}, to: object = {}, namespace = 'certificates') {
  const froms = [{ group: GROUP, kind: 'Gateway', namespace: 'infra', ...from }];
  return object(
    'ReferenceGrant',
    { from: froms, to: [{ group: '', kind: 'Secret', name: 'certificate', ...to }] },
    { name: 'grant', namespace },
  );
}

function conditionsOf(world: World): Readonly<Record<string, string>> {
  return listenerConditions(statusOf('Gateway', world), 'https');
}

describe('certificates of a listener', () => {
  test('are those of the Secrets that it names, each once', () => {
    const refs = ['certificate', 'second', 'certificate'].map(name => ({ name }));
    const secrets = { ...SECRETS, 'infra/second': { value: certificate('second') } };
    const world = { gateways: [gateway([https({ tls: { certificateRefs: refs } })])], secrets };
    const { ports, certificates } = readOne(world);
    assert.deepEqual(ports[0]?.listeners[0]?.certificates, ['certificate', 'second']);
    assert.deepEqual(
      certificates.map(({ id }) => id),
      ['certificate', 'second'],
    );
    const { ResolvedRefs, Programmed } = conditionsOf(world);
    assert.deepEqual([ResolvedRefs, Programmed], ['True ResolvedRefs', 'True Programmed']);
  });

  const unusable: Readonly<Record<string, object>> = {
    'a Secret that is not there': { name: 'missing' },
    'another group': { group: 'wrong.example.com' },
    'another kind': { kind: 'WrongKind' },
    'a Secret without a certificate': { name: 'malformed' },
  };
  const secrets = { ...SECRETS, 'infra/malformed': { fault: 'its tls.crt is not PEM' } };
  for (const [what, ref] of Object.entries(unusable)) {
    test(`${what} is told, and the listener is not served`, () => {
      const world = { gateways: [gateway([https({}, ref)])], secrets };
      const { ResolvedRefs, Accepted, Programmed } = conditionsOf(world);
      assert.deepEqual(
        [ResolvedRefs, Accepted, Programmed],
        ['False InvalidCertificateRef', 'True Accepted', 'False Invalid'],
      );
      const reading = readOne(world);
      assert.deepEqual([reading.ports, reading.listeners[0]?.portId], [[], undefined]);
    });
  }

  test('no reference at all is told', () => {
    const listeners = [https({ tls: undefined }), https({ name: 'empty', hostname: 'a.example', tls: {} })];
    const status = statusOf('Gateway', { gateways: [gateway(listeners)] });
    const refs = ['https', 'empty'].map(name => listenerConditions(status, name).ResolvedRefs);
    assert.deepEqual(refs, ['False InvalidCertificateRef', 'False InvalidCertificateRef']);
  });

  test('one that can be used is served where another one cannot', () => {
    const certificateRefs = [{ name: 'missing' }, { name: 'certificate' }];
    const world = { gateways: [gateway([https({ tls: { certificateRefs } })])] };
    const { ResolvedRefs, Programmed } = conditionsOf(world);
    assert.deepEqual([ResolvedRefs, Programmed], ['False InvalidCertificateRef', 'True Programmed']);
    assert.deepEqual(readOne(world).ports[0]?.listeners[0]?.certificates, ['certificate']);
  });

  test('while a Secret has not been read, nothing is said of it', () => {
    const world = { gateways: [gateway([https()])], secrets: { 'infra/certificate': undefined } };
    const { ResolvedRefs, Accepted, Programmed } = conditionsOf(world);
    assert.deepEqual([ResolvedRefs, Accepted, Programmed], ['Unknown Pending', 'True Accepted', 'False Pending']);
    assert.deepEqual(readOne(world).diagnostics, []);
  });

  test('with passthrough, none is looked for', () => {
    const tls = { mode: 'Passthrough', certificateRefs: [{ name: 'missing' }] };
    const world = { gateways: [gateway([{ name: 'https', port: 443, protocol: 'TLS', tls }])] };
    assert.equal(conditionsOf(world).Programmed, 'True Programmed');
    assert.deepEqual(readOne(world).ports[0]?.listeners[0]?.certificates, []);
  });
});

describe('a Secret of another namespace', () => {
  const secrets = { 'certificates/certificate': { value: certificate() } };
  const world = (grants: World['grants'] = []): World => ({
    gateways: [gateway([https({}, ELSEWHERE)])],
    secrets,
    grants,
  });

  test('may be used where a grant names it, or all Secrets of its namespace', () => {
    for (const to of [{}, { name: undefined }]) {
      const { ResolvedRefs, Programmed } = conditionsOf(world([grant({}, to)]));
      assert.deepEqual([ResolvedRefs, Programmed], ['True ResolvedRefs', 'True Programmed']);
    }
  });

  const nearMisses = {
    'no grant': [],
    'a grant of the namespace of the Gateway': [grant({}, {}, 'infra')],
    'a grant from another group': [grant({ group: 'not.the.gateway.example.com' })],
    'a grant from another kind': [grant({ kind: 'HTTPRoute' })],
    'a grant from another namespace': [grant({ namespace: 'other' })],
    'a grant to another group': [grant({}, { group: 'example.com' })],
    'a grant to another kind': [grant({}, { kind: 'ConfigMap' })],
    'a grant to another name': [grant({}, { name: 'not-the-certificate' })],
    'two grants that are right together': [grant({ namespace: 'other' }), grant({}, { name: 'other' })],
  };
  for (const [what, grants] of Object.entries(nearMisses)) {
    test(`may not be used with ${what}`, () => {
      const { ResolvedRefs, Programmed } = conditionsOf(world(grants));
      assert.deepEqual([ResolvedRefs, Programmed], ['False RefNotPermitted', 'False Invalid']);
    });
  }

  test('may not be found out by asking for it', () => {
    const messages = [secrets, {}, { 'certificates/certificate': undefined }].map(
      found => readOne({ ...world(), secrets: found }).ownListeners[0]?.references,
    );
    assert.deepEqual(new Set(messages.map(one => JSON.stringify(one))).size, 1);
    assert.equal(messages[0]?.reason, 'RefNotPermitted');
  });
});

describe('the certificate that backends are shown', () => {
  const withRef = (ref: object): World => ({
    gateways: [gateway({ tls: { backend: { clientCertificateRef: { name: 'certificate', ...ref } } } })],
    secrets: { ...SECRETS, 'infra/malformed': { fault: 'its tls.key is not PEM' } },
  });

  test('is that of the Secret', () => {
    const world = withRef({});
    assert.equal(readOne(world).backendCertificate?.id, 'certificate');
    assert.equal(condition(statusOf('Gateway', world).conditions, 'ResolvedRefs'), 'True ResolvedRefs');
  });

  const cases: readonly [string, object, string][] = [
    ['a Secret that is not there', { name: 'missing' }, 'InvalidClientCertificateRef'],
    ['another group', { group: 'wrong.example.com' }, 'InvalidClientCertificateRef'],
    ['another kind', { kind: 'WrongKind' }, 'InvalidClientCertificateRef'],
    ['a malformed Secret', { name: 'malformed' }, 'InvalidClientCertificateRef'],
    ['another namespace without a grant', ELSEWHERE, 'RefNotPermitted'],
  ];
  for (const [what, ref, reason] of cases) {
    test(`${what}: the Gateway is served without one, and says so`, () => {
      const world = withRef(ref);
      const { conditions } = statusOf('Gateway', world);
      assert.deepEqual(
        ['Accepted', 'Programmed', 'ResolvedRefs'].map(type => condition(conditions, type)),
        ['True Accepted', 'True Programmed', `False ${reason}`],
      );
      assert.equal(readOne(world).backendCertificate, undefined);
    });
  }
});

describe('authorities of clients', () => {
  const ca = (ref: object = {}): object => ({ group: '', kind: 'ConfigMap', name: 'ca', ...ref });
  const validation = (refs: readonly object[], mode?: string): object => ({
    validation: { caCertificateRefs: refs, ...(mode && { mode }) },
  });
  const configMaps = { 'infra/ca': { value: 'PEM' }, 'infra/other': { value: 'OTHER' } };
  const LISTENERS = [HTTP, https(), https({ name: 'other', port: 8443 })];
  const world = (frontend: object): World => ({
    gateways: [gateway({ listeners: LISTENERS, tls: { frontend } })],
    configMaps,
  });
  const policies = (one: World): (string | undefined)[] =>
    readOne(one).ports.flatMap(({ listen, listeners }) =>
      listeners.map(({ clientCertificate: asked }) => `${listen.port} ${asked && `${asked.mode} ${asked.ca}`}`),
    );

  test('are those of the port, else those of all', () => {
    const perPort = [{ port: 8443, tls: validation([ca({ name: 'other' })]) }];
    const one = world({ default: validation([ca()]), perPort });
    assert.deepEqual(policies(one), ['80 undefined', '443 valid-only PEM', '8443 valid-only OTHER']);
    assert.equal(condition(statusOf('Gateway', one).conditions, 'InsecureFrontendValidationMode'), undefined);
  });

  test('a port without a rule of its own is not asked where its settings are empty', () => {
    const one = world({ default: validation([ca()]), perPort: [{ port: 8443, tls: {} }] });
    assert.deepEqual(policies(one), ['80 undefined', '443 valid-only PEM', '8443 undefined']);
  });

  test('several count together', () => {
    const one = world({ default: validation([ca(), ca({ name: 'other' })]) });
    assert.deepEqual(policies(one).at(-1), '8443 valid-only PEM\nOTHER');
  });

  test('AllowInsecureFallback asks without insisting, which the Gateway says', () => {
    const one = world({ default: validation([ca()], 'AllowInsecureFallback') });
    assert.deepEqual(policies(one), ['80 undefined', '443 unverified PEM', '8443 unverified PEM']);
    const { conditions } = statusOf('Gateway', one);
    assert.equal(condition(conditions, 'InsecureFrontendValidationMode'), 'True ConfigurationChanged');
  });

  const bad: readonly [string, object[], string][] = [
    ['a ConfigMap that is not there', [ca({ name: 'missing' })], 'False InvalidCACertificateRef'],
    ['another kind', [ca({ kind: 'Service' })], 'False InvalidCACertificateKind'],
    ['another namespace without a grant', [ca({ namespace: 'elsewhere' })], 'False RefNotPermitted'],
  ];
  for (const [what, refs, resolved] of bad) {
    test(`${what}: listeners with TLS on the port are not served, others are`, () => {
      const one = world({ default: validation([ca()]), perPort: [{ port: 8443, tls: validation(refs) }] });
      const status = statusOf('Gateway', one);
      const { ResolvedRefs, Accepted, Programmed } = listenerConditions(status, 'other');
      assert.deepEqual([ResolvedRefs, Accepted, Programmed], [resolved, 'False NoValidCACertificate', 'False Invalid']);
      for (const name of ['http', 'https']) {
        assert.equal(listenerConditions(status, name).Programmed, 'True Programmed');
      }
      assert.deepEqual(policies(one), ['80 undefined', '443 valid-only PEM']);
    });
  }

  test('one that can be used is enough', () => {
    const one = world({ default: validation([ca({ name: 'missing' }), ca()]) });
    const { ResolvedRefs, Accepted, Programmed } = listenerConditions(statusOf('Gateway', one), 'https');
    assert.deepEqual(
      [ResolvedRefs, Accepted, Programmed],
      ['False InvalidCACertificateRef', 'True Accepted', 'True Programmed'],
    );
  });

  test('no reference, an unknown mode or an unknown field: clients are not let in unchecked', () => {
    for (const [rule, reason] of [
      [validation([]), 'NoValidCACertificate'],
      [validation([ca()], 'AllowAll'), 'UnsupportedValue'],
      [{ validation: { caCertificateRefs: [ca()], depth: 1 } }, 'UnsupportedValue'],
    ] as const) {
      const one = world({ default: rule });
      assert.equal(listenerConditions(statusOf('Gateway', one), 'https').Accepted, `False ${reason}`);
      assert.deepEqual(policies(one), ['80 undefined']);
    }
  });

  test('while they have not been read, clients wait', () => {
    const one = { ...world({ default: validation([ca()]) }), configMaps: { 'infra/ca': undefined } };
    const { ResolvedRefs, Accepted, Programmed } = listenerConditions(statusOf('Gateway', one), 'https');
    assert.deepEqual([ResolvedRefs, Accepted, Programmed], ['Unknown Pending', 'True Accepted', 'False Pending']);
    assert.deepEqual(policies(one), ['80 undefined']);
  });

  test('two rules for one port are refused', () => {
    const perPort = [1, 2].map(() => ({ port: 443, tls: {} }));
    const { conditions } = statusOf('Gateway', world({ perPort }));
    assert.equal(condition(conditions, 'Accepted'), 'False Invalid');
  });
});
