import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KnownSecrets } from '../../src/control/catalog/known-secrets.ts';
import { CertificateReports } from '../../src/control/certificates/certificate-report.ts';
import { type Certificate, PrivateKey } from '../../src/model/certificate.ts';
import { SharedText } from '../../src/model/shared-text.ts';
import { readSecret } from '../../src/resources/secret.ts';
import { tlsSecret } from '../support/secrets.ts';
import { type SelfSignedFields, selfSigned } from '../support/self-signed.ts';

const NOW = Date.UTC(2026, 5, 1);
const DAY = 86_400_000;

/** A Service `default/NAME` asks for a Secret of its name, for the host `NAME.example`. */
class Scene {
  readonly secrets = new KnownSecrets();
  default: Certificate | undefined;
  readonly reports = new CertificateReports({
    secrets: this.secrets,
    defaultCertificate: () => this.default,
    hostsOf: asker => [`${asker.split('/')[1]}.example`],
    now: () => NOW,
  });

  ask(name: string): { namespace: string; name: string } {
    const ref = { namespace: 'default', name };
    this.secrets.ask(`default/${name}`, [ref]);
    return ref;
  }

  give(name: string, fields: SelfSignedFields = {}): void {
    const ref = this.ask(name);
    const pair = selfSigned({ names: [`${name}.example`], notBefore: NOW - DAY, notAfter: NOW + 90 * DAY, ...fields });
    this.secrets.setSecret(ref, readSecret(tlsSecret(name, pair), { ...ref, resourceVersion: '1' }));
  }

  get problems(): string[] {
    return [...this.reports.all()].flatMap(({ problems }) =>
      problems.map(({ reason, message }) => `${reason} ${message}`),
    );
  }
}

describe('the report of certificates', () => {
  it('names each with its names, its end and who asks for it', () => {
    const scene = new Scene();
    scene.give('shop');
    scene.secrets.ask('default/other', [{ namespace: 'default', name: 'shop' }]);
    const [report] = [...scene.reports.all()];
    assert.equal(report?.source, 'default/shop');
    assert.deepEqual(report?.names, ['127.0.0.1', 'shop.example']);
    assert.deepEqual(report?.askers, ['default/shop', 'default/other']);
    assert.equal(report?.notAfter, NOW + 90 * DAY);
    assert.deepEqual(scene.problems, [
      'CertificateHostMismatch the certificate of default/shop is not valid for other.example: it names 127.0.0.1, shop.example',
    ]);
  });

  it('says what is wrong', () => {
    const scene = new Scene();
    scene.ask('awaited');
    scene.secrets.setSecret(scene.ask('absent'), undefined);
    scene.secrets.setSecret(scene.ask('bad'), { path: ['data', 'tls.crt'], reason: 'is not base64' });
    scene.secrets.secretUnreadable(scene.ask('refused'), 'no right');
    scene.give('old', { notBefore: NOW - 2 * DAY, notAfter: NOW });
    scene.give('young', { notBefore: NOW + DAY });
    assert.deepEqual(scene.problems, [
      'SecretAwaited Secret default/awaited has not been read since the start: the default certificate is served',
      'SecretAbsent there is no Secret default/absent of type kubernetes.io/tls: the default certificate is served',
      'SecretUnusable Secret default/bad cannot be used: data.tls.crt is not base64',
      'SecretNotReadable Secret default/refused may not be read: no right',
      'CertificateExpired the certificate of default/old expired at 2026-06-01T00:00:00Z',
      'CertificateNotYetValid the certificate of default/young is valid from 2026-06-02T00:00:00Z on',
    ]);
  });

  it('has the default certificate, too', () => {
    const scene = new Scene();
    const { cert, key } = selfSigned({ notBefore: NOW - 2 * DAY, notAfter: NOW - DAY });
    scene.default = { id: 'one', chain: SharedText.of(cert), key: new PrivateKey(key) };
    const [report] = [...scene.reports.all()];
    assert.equal(report?.source, 'default certificate');
    assert.equal(report?.notAfter, NOW - DAY);
    assert.deepEqual(report?.askers, []);
    assert.deepEqual(scene.problems, [
      'CertificateExpired the certificate of the TLS port expired at 2026-05-31T00:00:00Z',
    ]);
    assert.equal(scene.reports.summary().count, 1);
  });

  it('counts problems by reason, and gives a series to the fifty that expire first', () => {
    const scene = new Scene();
    for (let index = 0; index < 60; index += 1) scene.give(`shop-${index}`, { notAfter: NOW + (100 - index) * DAY });
    scene.secrets.setSecret(scene.ask('absent'), undefined);
    const { count, problems, soonest } = scene.reports.summary();
    assert.equal(count, 61);
    assert.deepEqual([...problems], [['SecretAbsent', 1]]);
    assert.equal(soonest.length, 50);
    assert.deepEqual(soonest[0], { source: 'default/shop-59', notAfter: NOW + 41 * DAY });
  });

  it('keeps a certificate in it that may no longer be read', () => {
    const scene = new Scene();
    scene.give('shop');
    scene.secrets.secretUnreadable({ namespace: 'default', name: 'shop' }, 'no right');
    assert.equal([...scene.reports.all()][0]?.notAfter, NOW + 90 * DAY);
    assert.deepEqual(scene.problems, ['SecretNotReadable Secret default/shop may not be read: no right']);
  });
});
