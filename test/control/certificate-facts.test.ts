import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import {
  type CertificateFacts,
  coversHost,
  isFault,
  readCertificate,
} from '../../src/control/certificates/certificate-facts.ts';
import { PrivateKey } from '../../src/model/certificate.ts';
import { SharedText } from '../../src/model/shared-text.ts';
import fc from '../support/property.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';

function factsOf({ cert, key }: SelfSigned): CertificateFacts {
  const read = readCertificate(SharedText.of(cert), new PrivateKey(key));
  assert.ok(!isFault(read), inspect(read));
  return read;
}

function faultOf(cert: string, key: string): string {
  const read = readCertificate(SharedText.of(cert), new PrivateKey(key));
  assert.ok(isFault(read), inspect(read));
  return read.fault;
}

describe('what a certificate says of itself', () => {
  it('is its names, its issuer and its time', () => {
    const [notBefore, notAfter] = [Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)];
    const facts = factsOf(selfSigned({ names: ['Shop.example', '*.shop.example'], notBefore, notAfter }));
    assert.deepEqual(facts.names, ['127.0.0.1', 'shop.example', '*.shop.example']);
    assert.deepEqual([facts.issuer, facts.notBefore, facts.notAfter], ['itself', notBefore, notAfter]);
  });

  it('has another id for each version, whatever stands around it', () => {
    const [one, two] = [selfSigned(), selfSigned()];
    assert.notEqual(factsOf(one).id, factsOf(two).id);
    assert.equal(factsOf({ ...one, cert: `a comment\n${one.cert}\n` }).id, factsOf(one).id);
    assert.notEqual(factsOf({ ...one, cert: one.cert + two.cert }).id, factsOf(one).id, 'with an intermediate');
  });

  it('covers a host by its name, or by a wildcard for one label', () => {
    const facts = factsOf(selfSigned({ names: ['shop.example', '*.b.example'] }));
    for (const host of ['shop.example', 'a.b.example', '*.b.example'])
      assert.equal(coversHost(facts, host), true, host);
    for (const host of ['b.example', 'a.a.b.example', '*.shop.example', '*.a.b.example', 'example', '']) {
      assert.equal(coversHost(facts, host), false, host);
    }
  });
});

describe('a certificate that cannot be served', () => {
  const { cert, key } = selfSigned();

  it('says what is wrong with it', () => {
    assert.equal(faultOf('-----BEGIN NOTHING-----', key), 'tls.crt holds no certificate');
    const broken = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    assert.equal(faultOf(broken, key), 'certificate 1 of tls.crt cannot be read');
    assert.equal(faultOf(cert + broken, key), 'certificate 2 of tls.crt cannot be read');
    assert.equal(faultOf(cert.repeat(11), key), 'tls.crt holds more than 10 certificates');
    assert.equal(faultOf(cert, selfSigned().key), 'tls.crt and tls.key do not belong together');
    assert.equal(faultOf(cert, cert), 'tls.key holds no key that can be read');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const locked = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' });
    assert.equal(faultOf(cert, String(locked)), 'tls.key is encrypted');
  });

  it('is told from one that can, whatever the bytes, and shows nothing of its key', () => {
    const lines = key.split('\n');
    const damage = fc.tuple(fc.nat(cert.length - 1), fc.nat(lines.length - 1), fc.string({ maxLength: 5 }));
    fc.assert(
      fc.property(damage, ([at, line, text]) => {
        const bad = `${cert.slice(0, at)}${text}${cert.slice(at + 1)}`;
        const badKey = lines.with(line, text).join('\n');
        const printed = inspect([
          readCertificate(SharedText.of(bad), new PrivateKey(key)),
          readCertificate(SharedText.of(cert), new PrivateKey(badKey)),
        ]);
        for (const part of lines.slice(1, -2)) assert.ok(!printed.includes(part));
      }),
    );
  });
});
