/** Certificates and keys of every kind that OpenSSL makes: which of them are served, and what is said of the others. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect as connectTls, createServer, type TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { isFault, readCertificate } from '../../src/control/certificates/certificate-facts.ts';
import { PrivateKey } from '../../src/model/certificate.ts';
import { SharedText } from '../../src/model/shared-text.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';

const OPENSSL = { stdio: 'pipe' } as const;

describe('a certificate and its key', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'certificate-kinds-'));
  });

  after(() => rmSync(folder, { recursive: true }));

  /** @param newKey what `openssl req -newkey` gets */
  function made(...newKey: readonly string[]): { cert: string; key: string } {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const request = [
      'req',
      '-x509',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=a',
      '-addext',
      'subjectAltName=DNS:a.example',
    ];
    execFileSync('openssl', [...request, '-keyout', key, '-out', cert, '-newkey', ...newKey], OPENSSL);
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  }

  /** What is said; empty where it is served. */
  function fault({ cert, key }: { readonly cert: string; readonly key: string }): string {
    const read = readCertificate(SharedText.of(cert), new PrivateKey(key));
    const printed = inspect(read, { depth: 9 });
    for (const line of key.split('\n').slice(1, -2))
      assert.ok(line === '' || !printed.includes(line), 'no line of the key');
    return isFault(read) ? read.fault : '';
  }

  it('is served where it is RSA of 2048 bits, ECDSA or Ed25519', () => {
    assert.equal(fault(made('rsa:2048')), '');
    assert.equal(fault(made('ec', '-pkeyopt', 'ec_paramgen_curve:P-256')), '');
    assert.equal(fault(made('ec', '-pkeyopt', 'ec_paramgen_curve:P-384')), '');
    assert.equal(fault(made('ec', '-pkeyopt', 'ec_paramgen_curve:P-521')), '');
    assert.equal(fault(made('ed25519')), '');
  });

  it('is served with a key in each of its encodings', () => {
    const pair = made('rsa:2048');
    const path = join(folder, 'key.pem');
    const traditional = execFileSync('openssl', ['rsa', '-in', path, '-traditional'], OPENSSL).toString();
    assert.match(traditional, /BEGIN RSA PRIVATE KEY/);
    assert.equal(fault({ ...pair, key: traditional }), '');
    const elliptic = made('ec', '-pkeyopt', 'ec_paramgen_curve:P-256');
    const sec1 = execFileSync('openssl', ['ec', '-in', path], OPENSSL).toString();
    assert.match(sec1, /BEGIN EC PRIVATE KEY/);
    assert.equal(fault({ ...elliptic, key: sec1 }), '');
  });

  it('is refused where OpenSSL would refuse it', () => {
    assert.equal(fault(made('rsa:1024')), 'its RSA key has fewer than 2048 bits');
    assert.match(fault(made('ec', '-pkeyopt', 'ec_paramgen_curve:secp192k1')), /^OpenSSL refuses it/);
  });

  it('is refused with a key that is encrypted, or that is none', () => {
    const pair = made('rsa:2048');
    const locked = ['pkcs8', '-topk8', '-in', join(folder, 'key.pem'), '-passout', 'pass:word'];
    assert.equal(fault({ ...pair, key: execFileSync('openssl', locked, OPENSSL).toString() }), 'tls.key is encrypted');
    const legacy = ['rsa', '-in', join(folder, 'key.pem'), '-aes128', '-passout', 'pass:word', '-traditional'];
    assert.equal(fault({ ...pair, key: execFileSync('openssl', legacy, OPENSSL).toString() }), 'tls.key is encrypted');
    const publicKey = execFileSync('openssl', ['rsa', '-in', join(folder, 'key.pem'), '-pubout'], OPENSSL).toString();
    assert.equal(fault({ ...pair, key: publicKey }), 'tls.key holds no key that can be read');
  });

  it('has its intermediates behind it, in order', () => {
    const root = selfSigned({ commonName: 'root' });
    const middle = selfSigned({ commonName: 'middle', issuer: root });
    const leaf = selfSigned({ commonName: 'leaf', issuer: middle });
    const chain = (...parts: readonly SelfSigned[]) => ({
      cert: parts.map(({ cert }) => cert).join(''),
      key: leaf.key,
    });
    assert.equal(fault(chain(leaf, middle, root)), '');
    assert.equal(fault(chain(leaf, middle)), '');
    assert.equal(
      fault(chain(leaf, root, middle)),
      'certificate 2 of tls.crt did not sign certificate 1: put them in order',
    );
    assert.equal(
      fault(chain(middle, leaf)),
      'tls.crt must begin with the certificate of tls.key, which is certificate 2 in it',
    );
  });

  it('costs a bounded time, however large its input is', () => {
    const { cert, key } = selfSigned();
    assert.equal(fault({ cert: '-----BEGIN CERTIFICATE-----\n'.repeat(5_000), key }), 'tls.crt holds no certificate');
    assert.equal(fault({ cert: cert.repeat(500), key }), 'tls.crt holds more than 10 certificates');
    assert.equal(fault({ cert, key: 'A'.repeat(1_000_000) }), 'tls.key holds no key that can be read');
  });

  it('is served as it was judged', async () => {
    for (const newKey of [['rsa:2048'], ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'], ['ed25519']]) {
      const { cert, key } = made(...newKey);
      const read = readCertificate(SharedText.of(cert), new PrivateKey(key));
      assert.ok(!isFault(read));
      const server = createServer({ cert: read.chain.toString(), key });
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      assert.ok(address !== null && typeof address === 'object');
      const client: TLSSocket = connectTls({
        host: '127.0.0.1',
        port: address.port,
        servername: 'a.example',
        ca: cert,
      });
      await new Promise((resolve, reject) => client.once('secureConnect', resolve).once('error', reject));
      assert.ok(client.authorized);
      client.destroy();
      server.close();
    }
  });
});
