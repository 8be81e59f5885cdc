import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Credentials } from '../../src/model/credentials.ts';
import { readManifestText } from '../../src/sources/manifest-file.ts';
import { eventually } from '../support/eventually.ts';
import { HASHES } from '../support/passwords.ts';
import { secret, tlsSecret } from '../support/secrets.ts';
import { yamlOf } from '../support/services.ts';
import { follow, temporaryDirectory } from './manifests-fixture.ts';

function pair(name: string) {
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`,
    key: `-----BEGIN PRIVATE KEY-----\nsecret-of-${name}\n-----END PRIVATE KEY-----\n`,
  };
}

test('Secrets that are asked for are followed, in whichever files they are', async context => {
  const directory = temporaryDirectory(context);
  const [shop, other] = [join(directory, 'shop.yaml'), join(directory, 'other.yaml')];
  writeFileSync(shop, yamlOf([tlsSecret('shop', pair('one')), tlsSecret('unwanted', pair('unwanted'))]));
  writeFileSync(other, yamlOf([secret('ca', { 'ca.crt': pair('authority').cert })]));
  const { source, secrets } = follow(context, directory);
  secrets.tls.want('shop');
  await source.start();
  await secrets.tls.untilKnown('shop', pair('one').cert);
  secrets.named.want('ca');
  assert.equal(secrets.named.secrets.get('default/ca')?.ca, pair('authority').cert, 'known as soon as it is asked for');
  secrets.tls.want('ca');
  assert.equal(secrets.tls.secrets.has('default/ca'), true);
  assert.equal(secrets.tls.secrets.get('default/ca'), undefined, 'it is of another type');
  writeFileSync(shop, yamlOf([tlsSecret('shop', pair('two'))]));
  await secrets.tls.untilKnown('shop', pair('two').cert);
  rmSync(other);
  await eventually('the authority is gone', () => secrets.named.secrets.get('default/ca') === undefined);
  assert.deepEqual([...secrets.tls.secrets.keys()].sort(), ['default/ca', 'default/shop']);
});

test('a Secret that cannot be used is a problem of its file, whose last good version stays in force', async context => {
  const file = join(temporaryDirectory(context), 'shop.yaml');
  writeFileSync(file, yamlOf([tlsSecret('shop', pair('one'))]));
  const { source, secrets, warnings } = follow(context, file);
  secrets.tls.want('shop');
  await source.start();
  writeFileSync(file, yamlOf([tlsSecret('shop', { ...pair('two'), cert: 'SECRET-text-that-is-no-PEM' })]));
  await eventually('it is said', () => warnings.length === 1);
  assert.match(warnings[0] ?? '', /data\.tls\.crt is not PEM.*; what this file held before is still served$/);
  assert.doesNotMatch(warnings.join(), /SECRET-text/);
  assert.equal(`${secrets.tls.secrets.get('default/shop')?.certificate?.chain}`, pair('one').cert);
});

test('a Secret has a name, and of one of no use here nothing is kept but that', () => {
  const read = (...objects: object[]) => readManifestText(yamlOf(objects), 'f', 'shop');
  const { secrets, problems } = read(
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'NO NAME' }, type: 'Opaque' },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'token' }, type: 'Opaque', stringData: { token: 'hunter2' } },
    { apiVersion: 'v1', kind: 'SecretList', items: [{ metadata: { name: 'ca' }, data: { 'ca.crt': base64('one') } }] },
  );
  assert.deepEqual(
    secrets.map(({ secret: { metadata } }) => `${metadata.namespace}/${metadata.name}`),
    ['shop/token', 'shop/ca'],
  );
  assert.deepEqual(
    problems.map(({ line, reason }) => `${line} ${reason}`),
    ['2 metadata.name must be a DNS name: lower case letters, digits, - and ., at most 253'],
  );
  assert.ok(!JSON.stringify(secrets).includes('hunter2'));
});

test('a Secret may hold users alone', () => {
  const users = secret('users', { auth: `ann:${HASHES.sha1}` });
  const [found] = readManifestText(yamlOf([users]), 'f', 'shop').secrets;
  assert.ok(found?.secret.credentials instanceof Credentials);
  assert.equal(found.secret.credentials.hashOf('ann'), HASHES.sha1);
});

test('what is said of broken YAML shows no key', () => {
  const key = Buffer.from(pair('one').key).toString('base64');
  for (const text of [
    `kind: Secret\ndata:\n  tls.key: |\n    ${key.slice(0, 40)}\n ${key.slice(40)}\n`,
    `kind: Secret\ndata:\n  tls.key: "${key}\n`,
    `kind: Secret\ndata:\n  tls.key: ${key}: ${key}\n`,
    `kind: Secret\ndata: {tls.key: ${key} ]\n`,
    `kind: Secret\ndata:\n\t${key}\n`,
  ]) {
    const { problems } = readManifestText(text, 'f', 'default');
    assert.notDeepEqual(problems, [], text);
    for (const { reason } of problems) assert.ok(!/[A-Za-z0-9+/]{24}/.test(reason), reason);
  }
});

function base64(name: string): string {
  return Buffer.from(pair(name).cert).toString('base64');
}
