import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ServiceRef, serviceKey } from '../../src/model/route.ts';
import type { BackendTlsPolicyObject } from '../../src/resources/gateway/gateway-object.ts';
import type { ServicePort } from '../../src/resources/service-object.ts';
import { BackendTlsReading } from '../../src/translate/gateway/backend-tls.ts';
import type { Found } from '../../src/translate/gateway/gateway-lookups.ts';
import { type Names, object } from './listeners/scene.ts';
import { service } from './routes/scene.ts';

const CA = { group: '', kind: 'ConfigMap', name: 'ca' };
const GATEWAY: ServiceRef = { namespace: 'infra', name: 'gateway' };

interface Fields {
  readonly target?: object | readonly object[];
  readonly validation?: object;
  readonly options?: object;
}

function policy(
  names: Names = {},
  { target = {}, validation = {}, options = {} }: Fields = {},
): BackendTlsPolicyObject {
  const targets = Array.isArray(target) ? (target as object[]) : [target];
  const targetRefs = targets.map(one => ({ group: '', kind: 'Service', name: 'v1', ...one }));
  const whole = { hostname: 'abc.example.com', caCertificateRefs: [CA], ...validation };
  const spec = { targetRefs, validation: whole, options };
  return object('BackendTLSPolicy', spec, { name: 'policy', ...names });
}

const FOUND: Readonly<Record<string, Found<string>>> = {
  'infra/ca': { value: 'PEM' },
  'infra/other': { value: 'OTHER' },
  'infra/empty': { fault: 'it has no ca.crt' },
  'infra/unread': undefined,
};

const PORTS: readonly ServicePort[] = [
  { name: 'tls', port: 443, protocol: 'TCP' },
  { name: 'other', port: 8443, protocol: 'TCP' },
] as readonly ServicePort[];

function reading(...policies: readonly BackendTlsPolicyObject[]): BackendTlsReading {
  const v1 = service('v1');
  const served = { ...v1, spec: { ...v1.spec, ports: PORTS } };
  return new BackendTlsReading(policies, {
    service: ({ name }) => (name === 'v1' ? served : undefined),
    authorities: ref => (serviceKey(ref) in FOUND ? FOUND[serviceKey(ref)] : { fault: 'it does not exist' }),
  });
}

/** What counts for a port of v1: its SNI, why there is none, or nothing. */
function served(of: BackendTlsReading, port = 'tls'): string {
  const tls = of.tlsFor({ namespace: 'infra', name: 'v1' }, { name: port });
  return tls === undefined ? 'in clear' : 'tls' in tls ? tls.tls.serverName : `fault: ${tls.fault}`;
}

/** Reasons at the first ancestor, by the name of the policy. */
function reasons(of: BackendTlsReading): Record<string, string> {
  const statuses = of.statuses(({ name }) => (name === 'v1' ? [GATEWAY] : []));
  return Object.fromEntries(
    statuses.map(({ object: { name }, status }) => {
      assert.ok(status.kind === 'BackendTLSPolicy');
      const conditions = status.ancestors[0]?.conditions ?? [];
      return [name, conditions.map(one => `${one.type}=${one.status} ${one.reason}`).join(', ')];
    }),
  );
}

const BOTH_MET = 'Accepted=True Accepted, ResolvedRefs=True ResolvedRefs';

describe('BackendTLSPolicies', () => {
  it('say how a Service is connected to', () => {
    const names = [
      { type: 'Hostname', hostname: 'other.example.com' },
      { type: 'URI', uri: 'spiffe://mesh/ns/a' },
    ];
    const validation = { hostname: 'abc.example.com', subjectAltNames: names };
    const of = reading(policy({}, { validation }));
    assert.deepEqual(of.tlsFor({ namespace: 'infra', name: 'v1' }, { name: 'tls' }), {
      tls: {
        serverName: 'abc.example.com',
        isVerified: true,
        ca: 'PEM',
        subjectAltNames: [
          { type: 'dns', value: 'other.example.com' },
          { type: 'uri', value: 'spiffe://mesh/ns/a' },
        ],
      },
    });
    assert.equal(of.tlsFor({ namespace: 'infra', name: 'v2' }, { name: 'tls' }), undefined);
    assert.equal(of.tlsFor({ namespace: 'apps', name: 'v1' }, { name: 'tls' }), undefined);
    assert.deepEqual(reasons(of), { policy: BOTH_MET });
  });

  it('trust all authorities that they name, or those of the system', () => {
    const both = reading(policy({}, { validation: { caCertificateRefs: [CA, { ...CA, name: 'other' }] } }));
    const system = { caCertificateRefs: [], wellKnownCACertificates: 'System' };
    const ofSystem = reading(policy({}, { validation: system }));
    const v1 = { namespace: 'infra', name: 'v1' };
    assert.deepEqual(both.tlsFor(v1, {}), {
      tls: { serverName: 'abc.example.com', isVerified: true, ca: 'PEM\nOTHER' },
    });
    assert.deepEqual(ofSystem.tlsFor(v1, {}), { tls: { serverName: 'abc.example.com', isVerified: true } });
    assert.deepEqual(reasons(ofSystem), { policy: BOTH_MET });
  });

  it('are not obeyed with a field that is not known, and nothing is sent to the Service then', () => {
    const of = reading(policy({}, { validation: { minimumVersion: '1.3' } }));
    assert.match(served(of), /fault: .*"validation.minimumVersion" is a field that this program does not know/);
    assert.deepEqual(reasons(of), { policy: 'Accepted=False Invalid, ResolvedRefs=True ResolvedRefs' });
  });

  it('conflict where two have one target: the older one counts, then the name', () => {
    const older = { createdAt: '2026-01-01T00:00:00Z' };
    const newer = { createdAt: '2026-01-02T00:00:00Z' };
    const other = { validation: { hostname: 'other.example.com' } };
    for (const target of [{}, { sectionName: 'tls' }]) {
      const byAge = reading(
        policy({ name: 'a', ...newer }, { target }),
        policy({ name: 'b', ...older }, { target, ...other }),
      );
      assert.equal(served(byAge), 'other.example.com');
      const lost = 'Accepted=False Conflicted, ResolvedRefs=True ResolvedRefs';
      assert.deepEqual(reasons(byAge), { b: BOTH_MET, a: lost });
      const byName = reading(
        policy({ name: 'b', ...older }, { target }),
        policy({ name: 'a', ...older }, { target, ...other }),
      );
      assert.equal(served(byName), 'other.example.com');
      assert.deepEqual(reasons(byName), { a: BOTH_MET, b: lost });
    }
  });

  it('for a port come before those for a whole Service, whose other ports stay theirs', () => {
    const other = { validation: { hostname: 'other.example.com' } };
    const of = reading(
      policy({ name: 'whole', createdAt: '2026-01-01T00:00:00Z' }),
      policy({ name: 'port', createdAt: '2026-01-02T00:00:00Z' }, { target: { sectionName: 'tls' }, ...other }),
    );
    assert.deepEqual([served(of, 'tls'), served(of, 'other')], ['other.example.com', 'abc.example.com']);
    assert.deepEqual(reasons(of), { whole: BOTH_MET, port: BOTH_MET });
  });

  it('which cannot be obeyed win as others do: their requests fail, and none goes in clear', () => {
    const of = reading(
      policy(
        { name: 'old', createdAt: '2026-01-01T00:00:00Z' },
        { validation: { caCertificateRefs: [{ ...CA, name: 'none' }] } },
      ),
      policy({ name: 'new', createdAt: '2026-01-02T00:00:00Z' }),
    );
    assert.match(served(of), /^fault: the BackendTLSPolicy infra\/old: none of its caCertificateRefs/);
  });

  const FAULTS: readonly (readonly [what: string, fields: Fields, reasons: string])[] = [
    [
      'names a ConfigMap that is not there',
      { validation: { caCertificateRefs: [{ ...CA, name: 'none' }] } },
      'Accepted=False NoValidCACertificate, ResolvedRefs=False InvalidCACertificateRef',
    ],
    [
      'names a ConfigMap without a certificate',
      { validation: { caCertificateRefs: [{ ...CA, name: 'empty' }] } },
      'Accepted=False NoValidCACertificate, ResolvedRefs=False InvalidCACertificateRef',
    ],
    [
      'names another kind',
      { validation: { caCertificateRefs: [{ group: '', kind: 'Secret', name: 'ca' }] } },
      'Accepted=False NoValidCACertificate, ResolvedRefs=False InvalidKind',
    ],
    [
      'names another kind, and nothing is read yet of a ConfigMap',
      {
        validation: {
          caCertificateRefs: [
            { group: 'x.io', kind: 'Bundle', name: 'ca' },
            { ...CA, name: 'unread' },
          ],
        },
      },
      'Accepted=Unknown Pending, ResolvedRefs=False InvalidKind',
    ],
    [
      'waits for a ConfigMap',
      { validation: { caCertificateRefs: [{ ...CA, name: 'unread' }] } },
      'Accepted=Unknown Pending, ResolvedRefs=Unknown Pending',
    ],
    [
      'names roots that are not known',
      { validation: { caCertificateRefs: [], wellKnownCACertificates: 'Mozilla' } },
      'Accepted=False Invalid, ResolvedRefs=True ResolvedRefs',
    ],
    [
      'names two sources of authorities',
      { validation: { wellKnownCACertificates: 'System' } },
      'Accepted=False Invalid, ResolvedRefs=True ResolvedRefs',
    ],
    [
      'names no authority',
      { validation: { caCertificateRefs: [] } },
      'Accepted=False Invalid, ResolvedRefs=True ResolvedRefs',
    ],
    [
      'names an address',
      { validation: { hostname: '10.0.0.1' } },
      'Accepted=False Invalid, ResolvedRefs=True ResolvedRefs',
    ],
    [
      'has a name of another type',
      { validation: { subjectAltNames: [{ type: 'IP', hostname: '10.0.0.1' }] } },
      'Accepted=False Invalid, ResolvedRefs=True ResolvedRefs',
    ],
    [
      'has a name without its value',
      { validation: { subjectAltNames: [{ type: 'URI', hostname: 'a.example' }] } },
      'Accepted=False Invalid, ResolvedRefs=True ResolvedRefs',
    ],
    [
      'targets a port that is not there',
      { target: { sectionName: 'none' } },
      'Accepted=False TargetNotFound, ResolvedRefs=True ResolvedRefs',
    ],
  ];
  for (const [what, fields, expected] of FAULTS) {
    it(`says so of a policy that ${what}`, () => {
      const of = reading(policy({}, fields));
      assert.deepEqual(reasons(of), { policy: expected });
      if (fields.validation !== undefined) assert.match(served(of), /^fault: /);
    });
  }

  it('go on with what can be used of their authorities', () => {
    const refs = [CA, { ...CA, name: 'none' }];
    const of = reading(policy({}, { validation: { caCertificateRefs: refs } }));
    assert.equal(served(of), 'abc.example.com');
    assert.deepEqual(reasons(of), {
      policy: 'Accepted=True Accepted, ResolvedRefs=False InvalidCACertificateRef',
    });
  });

  it('leave targets of other kinds to others', () => {
    const of = reading(policy({}, { target: [{ group: 'x.io', kind: 'Backend' }] }));
    assert.equal(served(of), 'in clear');
    assert.deepEqual(reasons(of), { policy: '' });
  });

  it('have a status for each Gateway by which requests come to a target, 16 at most', () => {
    const of = reading(policy({ generation: 7 }, { target: [{}, { name: 'v2' }] }));
    const gateways = Array.from({ length: 20 }, (_, index) => ({ namespace: 'infra', name: `gateway-${index + 10}` }));
    const [status] = of.statuses(({ name }) => (name === 'v1' ? gateways.toReversed() : gateways.slice(0, 3)));
    assert.ok(status?.status.kind === 'BackendTLSPolicy');
    assert.equal(status.generation, 7);
    const refs = status.status.ancestors.map(({ ancestorRef }) => ancestorRef);
    assert.deepEqual(
      refs,
      gateways
        .slice(0, 16)
        .map(({ namespace, name }) => ({ group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace, name })),
    );
  });

  it('say what is not obeyed of several targets', () => {
    const of = reading(policy({}, { target: [{}, { sectionName: 'none' }] }));
    const [status] = of.statuses(() => [GATEWAY]);
    assert.ok(status?.status.kind === 'BackendTLSPolicy');
    const [accepted] = status.status.ancestors[0]?.conditions ?? [];
    assert.equal(accepted?.status, 'True');
    assert.match(accepted.message, /; but there is no port none in the Service infra\/v1$/);
  });
});
