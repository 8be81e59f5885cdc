/** What Services ask of the TLS port, from their annotations and Secrets to what workers get. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Catalog } from '../../src/control/catalog.ts';
import { PrivateKey } from '../../src/model/certificate.ts';
import type { Delta, TlsChanges } from '../../src/model/delta.ts';
import { SharedText } from '../../src/model/shared-text.ts';
import { readSecret, type Secret } from '../../src/resources/secret.ts';
import { isShapeProblem } from '../../src/resources/service-object.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tlsSecret } from '../support/secrets.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';
import { type ServiceFields, service } from '../support/services.ts';

const SHOP = { namespace: 'default', name: 'shop-tls' };
const AUTHORITY = { namespace: 'default', name: 'authority' };

function secretOf(pair: SelfSigned, ca = ''): Secret {
  const metadata = { ...SHOP, resourceVersion: '' };
  const read = readSecret(tlsSecret(SHOP.name, pair, { ca }), metadata);
  assert.ok(!isShapeProblem(read));
  return read;
}

function asking(name: string, annotations: Readonly<Record<string, string>>, fields: ServiceFields = {}) {
  return service(name, { annotations: { path: `/${name}`, host: 'a.example', ...annotations }, ...fields });
}

/** Without the certificates' texts. */
function shown(tls: TlsChanges | undefined) {
  return (
    tls && {
      come: tls.certificates.upserts.length,
      go: tls.certificates.removals.length,
      hosts: tls.hosts.upserts.map(
        ({ host, certificate }) => `${host} ${certificate === undefined ? 'default' : 'own'}`,
      ),
      gone: tls.hosts.removals,
    }
  );
}

describe('the TLS port, as Services ask for it', () => {
  let catalog: Catalog;
  let clock: FakeClock;

  beforeEach(() => {
    clock = new FakeClock();
    clock.jump(Date.now() - clock.now());
    catalog = new Catalog({ allowExternalName: false, waitsFor: 'services', clock });
    catalog.replace([]);
    catalog.commit();
  });

  function upsert(...services: ReturnType<typeof asking>[]): Delta | undefined {
    for (const one of services) catalog.upsert(one);
    return catalog.commit();
  }

  function say(secret: Secret | undefined, ref = SHOP): TlsChanges | undefined {
    const store = ref === SHOP ? catalog.secrets.tls : catalog.secrets.named;
    store.setSecret(ref, secret);
    return catalog.commit()?.tls;
  }

  const warnings = (): string[] => catalog.warnings().map(({ reason }) => reason);
  const refusals = (): string[] => catalog.refusals().map(({ reason }) => reason);
  const served = (path: string): boolean => catalog.table.match('a.example', path) !== undefined;

  it('has the certificate of a Secret from the moment that the Secret comes, until it goes', () => {
    const first = upsert(asking('web', { 'tls-secret': 'shop-tls' }));
    assert.equal(first?.tls, undefined);
    assert.equal(first?.routes.upserts.length, 1, 'it is served without');
    assert.equal(say(undefined), undefined);
    assert.deepEqual(warnings(), ['SecretAbsent']);
    assert.deepEqual(shown(say(secretOf(selfSigned({ names: ['a.example'] })))), {
      ...{ come: 1, go: 0, hosts: ['a.example own'], gone: [] },
    });
    assert.deepEqual(warnings(), []);
    assert.deepEqual(shown(say(undefined)), { come: 0, go: 1, hosts: [], gone: ['a.example'] });
  });

  it('gets of a renewal the one certificate and its hosts, and of the same certificate nothing', () => {
    const [old, renewed] = [selfSigned({ names: ['a.example'] }), selfSigned({ names: ['a.example'] })];
    upsert(
      asking('web', { 'tls-secret': 'shop-tls' }),
      asking('other', { 'tls-secret': 'shop-tls', host: 'b.example' }),
    );
    say(secretOf(old));
    assert.equal(say(secretOf(old)), undefined);
    const change = say(secretOf(renewed));
    assert.deepEqual(shown(change), { come: 1, go: 1, hosts: ['a.example own', 'b.example own'], gone: [] });
    assert.equal(change?.certificates.upserts[0]?.key.reveal(), renewed.key);
    assert.deepEqual(warnings(), ['CertificateHostMismatch'], 'of b.example');
  });

  it('serves the names of the certificate for a Service without a host', () => {
    upsert(service('web', { annotations: { path: '/', 'tls-secret': 'shop-tls' } }));
    const { hosts } = say(secretOf(selfSigned({ names: ['a.example', '*.b.example', '-', 'a b'] }))) ?? {};
    assert.deepEqual(
      hosts?.upserts.map(({ host }) => host),
      ['a.example', '*.b.example'],
    );
    assert.deepEqual(shown(say(secretOf(selfSigned({ names: ['c.example'] })))), {
      ...{ come: 1, go: 1, hosts: ['c.example own'], gone: ['a.example', '*.b.example'] },
    });
  });

  it('keeps a certificate when what comes in its place cannot be used, and says so', () => {
    const pair = selfSigned({ names: ['a.example'] });
    upsert(asking('web', { 'tls-secret': 'shop-tls' }));
    say(secretOf(pair));
    assert.equal(say(secretOf({ ...pair, key: selfSigned().key })), undefined);
    const [warning] = catalog.warnings();
    assert.equal(warning?.reason, 'CertificateUnusable');
    assert.match(
      warning?.message ?? '',
      /^kube-entry\.io\/tls-secret: .*do not belong together; the one of before is served$/,
    );
    assert.equal(say(secretOf(pair)), undefined);
    assert.deepEqual(warnings(), []);
  });

  it('keeps the certificate while another Secret is read that a Service names from now on', () => {
    upsert(asking('web', { 'tls-secret': 'shop-tls' }));
    say(secretOf(selfSigned({ names: ['a.example'] })));
    assert.equal(upsert(asking('web', { 'tls-secret': 'next-tls' }))?.tls, undefined);
    const next = { namespace: 'default', name: 'next-tls' };
    catalog.secrets.tls.setSecret(next, secretOf(selfSigned({ names: ['a.example'] })));
    assert.deepEqual(shown(catalog.commit()?.tls), { come: 1, go: 1, hosts: ['a.example own'], gone: [] });
  });

  it('gives a host to the older Service, and to the younger one when the older goes', () => {
    const [mine, other] = [selfSigned({ names: ['a.example'] }), selfSigned({ names: ['a.example'] })];
    const old = asking('old', { 'tls-secret': 'shop-tls' }, { createdAt: '2026-01-01T00:00:00Z' });
    upsert(asking('young', { 'tls-secret': 'other-tls' }, { createdAt: '2026-02-01T00:00:00Z' }), old);
    catalog.secrets.tls.setSecret({ namespace: 'default', name: 'other-tls' }, secretOf(other));
    const { certificates } = say(secretOf(mine)) ?? {};
    assert.equal(certificates?.upserts[0]?.key.reveal(), mine.key);
    const [conflict] = catalog.warnings();
    assert.deepEqual(
      [conflict?.object.name, conflict?.severity, conflict?.reason],
      ['young', 'conflict', 'TlsConflict'],
    );
    assert.ok(served('/young'));
    catalog.remove(old.metadata);
    const change = catalog.commit()?.tls;
    assert.equal(change?.certificates.upserts[0]?.key.reveal(), other.key);
    assert.deepEqual(warnings(), []);
  });

  it('serves a Service that asks for certificates of clients when it knows who signs them, and not before', () => {
    const annotations = { 'client-ca-secret': 'authority' };
    assert.deepEqual(upsert(asking('web', annotations)), undefined);
    assert.ok(!served('/web'));
    assert.deepEqual(refusals(), [], 'the Secret is about to be read');
    say(undefined, AUTHORITY);
    assert.deepEqual(refusals(), ['AuthoritiesNotUsable']);
    const { cert } = selfSigned();
    say(
      {
        metadata: { ...AUTHORITY, resourceVersion: '' },
        certificate: undefined,
        ca: cert,
        revoked: '',
        credentials: { fault: 'none' },
      },
      AUTHORITY,
    );
    assert.deepEqual([refusals(), served('/web')], [[], true]);
    say(
      {
        metadata: { ...AUTHORITY, resourceVersion: '' },
        certificate: undefined,
        ca: 'nonsense',
        revoked: '',
        credentials: { fault: 'none' },
      },
      AUTHORITY,
    );
    assert.deepEqual([refusals(), served('/web')], [['AuthoritiesNotUsable'], false]);
  });

  it('goes on with a Service as it was while the authorities that it names from now on are read', () => {
    upsert(asking('web', {}));
    upsert(asking('web', { 'client-ca-secret': 'authority' }));
    assert.ok(served('/web'));
    const change = say(
      {
        metadata: { ...AUTHORITY, resourceVersion: '' },
        certificate: undefined,
        ca: selfSigned().cert,
        revoked: '',
        credentials: { fault: 'none' },
      },
      AUTHORITY,
    );
    assert.equal(change?.hosts.upserts[0]?.clientCertificate?.mode, 'required');
    assert.ok(served('/web'));
  });

  it('never serves a Service without the certificates of clients that it asks for', () => {
    const ca = {
      metadata: { ...AUTHORITY, resourceVersion: '' },
      certificate: undefined,
      ca: selfSigned().cert,
      revoked: '',
      credentials: { fault: 'none' },
    };
    const old = asking('old', { 'tls-secret': 'shop-tls' }, { createdAt: '2026-01-01T00:00:00Z' });
    upsert(old, asking('strict', { 'client-ca-secret': 'authority' }, { createdAt: '2026-02-01T00:00:00Z' }));
    say(secretOf(selfSigned({ names: ['a.example'] })));
    say(ca, AUTHORITY);
    assert.deepEqual([served('/old'), served('/strict'), refusals()], [true, false, ['TlsConflict']]);
    catalog.remove(old.metadata);
    const change = catalog.commit();
    assert.equal(change?.tls?.hosts.upserts[0]?.clientCertificate?.ca, ca.ca);
    assert.deepEqual([served('/strict'), refusals()], [true, []]);
  });

  it('verifies endpoints by the authorities that a Service names, and does not serve it without', () => {
    upsert(asking('web', { protocol: 'https', 'ca-secret': 'authority' }));
    assert.ok(!served('/web'));
    const ca = selfSigned().cert;
    catalog.secrets.named.setSecret(AUTHORITY, {
      metadata: { ...AUTHORITY, resourceVersion: '' },
      certificate: undefined,
      ca,
      revoked: '',
      credentials: { fault: 'none' },
    });
    const [cluster] = catalog.commit()?.clusters.upserts ?? [];
    assert.deepEqual(
      [cluster?.protocol, cluster?.tls],
      ['https', { serverName: 'web.default.svc', ca, isVerified: true }],
    );
  });

  it('passes bytes through to a cluster that workers have for as long', () => {
    const raw = asking('raw', { 'tls-passthrough': 'true', path: '/' });
    const other = asking('other', { path: '/' }, { createdAt: '2026-01-01T00:00:00Z' });
    const come = upsert(raw, other);
    assert.deepEqual(come?.tls?.hosts.upserts, [{ host: 'a.example', passthrough: 'default/raw:80' }]);
    assert.ok(
      come?.clusters.upserts.some(({ id }) => id === 'default/raw:80'),
      'though another Service has its path',
    );
    catalog.remove(raw.metadata);
    const gone = catalog.commit();
    assert.deepEqual(gone?.tls?.hosts.removals, ['a.example']);
    assert.deepEqual(gone?.clusters.removals, ['default/raw:80']);
  });

  it('says when a certificate has expired, while time passes', () => {
    const [notBefore, notAfter] = [clock.now() - 1_000, clock.now() + 3_600_000];
    upsert(asking('web', { 'tls-secret': 'shop-tls' }));
    say(secretOf(selfSigned({ names: ['a.example'], notBefore, notAfter })));
    assert.deepEqual(warnings(), []);
    clock.advance(3_700_000);
    catalog.tls.look();
    assert.deepEqual(warnings(), ['CertificateExpired']);
    assert.ok(served('/web'), 'clients decide');
  });

  it('shows no key, whatever goes wrong', () => {
    const pair = selfSigned({ names: ['b.example'] });
    upsert(asking('web', { 'tls-secret': 'shop-tls' }), asking('two', { 'tls-secret': 'shop-tls' }));
    const [line = ''] = pair.key.split('\n').slice(1);
    const broken = [
      pair.key.replace(line, line.toLowerCase()),
      pair.key.slice(0, 90),
      `${pair.key}${pair.key}`,
      'nonsense',
    ];
    for (const key of broken) {
      const certificate = { chain: SharedText.of(pair.cert + pair.key), key: new PrivateKey(key) };
      const change = say({
        metadata: { ...SHOP, resourceVersion: '' },
        certificate,
        ca: '',
        revoked: '',
        credentials: { fault: 'none' },
      });
      const printed = JSON.stringify([
        change,
        catalog.warnings(),
        catalog.refusals(),
        [...catalog.secrets.tls.demand.values()],
      ]);
      assert.ok(!printed.includes(line), 'not in what is said, nor in the chain');
    }
  });
});
