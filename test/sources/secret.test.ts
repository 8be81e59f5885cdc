import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { readSecret, type Secret } from '../../src/resources/secret.ts';
import { fieldName, isShapeProblem } from '../../src/resources/service-object.ts';
import fc from '../support/property.ts';
import { secret, tlsSecret } from '../support/secrets.ts';

const METADATA = { name: 'shop', namespace: 'default', resourceVersion: '42' };
const CHAIN = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const KEY = '-----BEGIN PRIVATE KEY-----\nMIIsecret\n-----END PRIVATE KEY-----\n';

function read(value: unknown): Secret {
  const found = readSecret(value, METADATA);
  assert.ok(!isShapeProblem(found), inspect(found));
  return found;
}

function problemOf(value: unknown): string {
  const found = readSecret(value, METADATA);
  assert.ok(isShapeProblem(found), inspect(found));
  return `${fieldName(found.path)} ${found.reason}`;
}

test('of a Secret the certificate, its key and the authorities are kept, and nothing else', () => {
  const manifest = tlsSecret('shop', { cert: CHAIN, key: KEY }, { ca: CHAIN });
  const found = read({ ...manifest, data: { ...manifest.data, password: 'aHVudGVyMg==' } });
  assert.deepEqual(Object.keys(found), ['metadata', 'certificate', 'ca', 'revoked', 'credentials']);
  assert.equal(`${found.certificate?.chain}`, CHAIN);
  assert.equal(found.certificate?.key.reveal(), KEY);
  assert.equal(found.ca, CHAIN);
});

test('a Secret of cert-manager is read as any other', () => {
  const manifest = tlsSecret('shop', { cert: CHAIN, key: KEY }, { ca: CHAIN });
  const metadata = {
    ...manifest.metadata,
    annotations: { 'cert-manager.io/certificate-name': 'shop', 'cert-manager.io/alt-names': 'shop.example' },
    labels: { 'controller.cert-manager.io/fao': 'true' },
    managedFields: [{ manager: 'cert-manager-certificates-issuing' }],
  };
  const formats = { 'tls-combined.pem': manifest.data['tls.key'], 'key.der': 'AAAA' };
  const found = read({ ...manifest, metadata, data: { ...manifest.data, ...formats } });
  assert.equal(`${found.certificate?.chain}`, CHAIN);
  assert.deepEqual(found.metadata, METADATA);
  // While it issues a certificate, it keeps the next key in a Secret of its own, which is no certificate.
  const next = secret('shop-x7k2p', { 'tls.key': KEY });
  assert.equal(read(next).certificate, undefined);
});

test('a Secret of another type may hold authorities alone, or nothing of use', () => {
  const { credentials, ...found } = read(secret('ca', { 'ca.crt': CHAIN }));
  assert.deepEqual(found, { metadata: METADATA, certificate: undefined, ca: CHAIN, revoked: '' });
  assert.ok('fault' in credentials);
  assert.equal(read(secret('half', { 'tls.crt': CHAIN })).certificate, undefined);
  assert.equal(read({ ...secret('none', {}), data: null }).ca, '');
});

test('manifests may write base64 on several lines, or the text itself', () => {
  const folded = Buffer.from(CHAIN).toString('base64').replace(/.{20}/g, '$&\n  ');
  assert.equal(read({ type: 'Opaque', data: { 'ca.crt': folded } }).ca, CHAIN);
  assert.equal(read({ type: 'Opaque', data: { 'ca.crt': 'bad!' }, stringData: { 'ca.crt': CHAIN } }).ca, CHAIN);
});

test('what cannot be used is said with its place', () => {
  const tls = (data: object) => problemOf({ type: 'kubernetes.io/tls', data });
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  assert.equal(tls({ 'tls.key': base64(KEY) }), 'data.tls.crt is missing or empty');
  assert.equal(tls({ 'tls.crt': base64(CHAIN), 'tls.key': '' }), 'data.tls.key is missing or empty');
  assert.equal(tls({ 'tls.crt': 'not/base64!' }), 'data.tls.crt is not base64');
  assert.equal(tls({ 'tls.crt': 'abc' }), 'data.tls.crt is not base64');
  assert.equal(tls({ 'tls.crt': 7 }), 'data.tls.crt must be a string in base64');
  assert.match(tls({ 'tls.crt': base64('a certificate') }), /^data\.tls\.crt is not PEM/);
  assert.equal(problemOf({ type: 'Opaque', stringData: { 'ca.crt': 7 } }), 'stringData.ca.crt must be a string');
  assert.equal(problemOf({ data: [] }), 'data must be a mapping');
  assert.equal(problemOf({ stringData: 'x' }), 'stringData must be a mapping');
  assert.equal(problemOf('Secret'), ' must be a Secret object');
});

test('each part has a largest size, told before it is decoded', () => {
  for (const [name, longest] of [
    ['tls.crt', 128],
    ['tls.key', 32],
    ['ca.crt', 512],
  ] as const) {
    const full = (bytes: number) => `-----BEGIN X-----\n${'a'.repeat(bytes - 18)}`;
    const message = `data.${name} is longer than ${longest} KiB`;
    const data = (text: string) => ({ data: { [name]: Buffer.from(text).toString('base64') } });
    assert.equal(isShapeProblem(readSecret(data(full(longest * 1024)), METADATA)), false);
    assert.equal(problemOf(data(full(longest * 1024 + 1))), message);
    assert.equal(problemOf({ data: { [name]: '!'.repeat(longest * 2048) } }), message, 'it is not looked at');
  }
});

test('no problem, and no way to print a Secret, shows what stands in it', () => {
  const text = fc.string({ minLength: 12, maxLength: 60 }).filter(value => /^[\x21-\x7e]+$/.test(value));
  fc.assert(
    fc.property(text, fc.constantFrom('data', 'stringData'), fc.boolean(), (value, field, isPem) => {
      const whole = isPem ? `-----BEGIN PRIVATE KEY-----\n${value}` : value;
      const encoded = field === 'data' ? Buffer.from(whole).toString('base64') : whole;
      const found = readSecret(
        { type: 'kubernetes.io/tls', [field]: { 'tls.crt': encoded, 'tls.key': encoded } },
        METADATA,
      );
      const printed = [
        JSON.stringify({ key: isShapeProblem(found) ? found : found.certificate?.key }),
        inspect(isShapeProblem(found) ? found : found.certificate?.key),
      ];
      for (const line of printed) assert.ok(!line.includes(value) && !line.includes(encoded), line);
    }),
  );
});
