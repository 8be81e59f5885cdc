import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownSecrets } from '../../src/control/catalog/known-secrets.ts';
import type { Secret } from '../../src/resources/secret.ts';

const SHOP = { namespace: 'default', name: 'shop' };
const OTHER = { namespace: 'default', name: 'other' };

function secret(resourceVersion = '1'): Secret {
  return {
    metadata: { ...SHOP, resourceVersion },
    certificate: undefined,
    ca: '',
    revoked: '',
    credentials: { fault: 'none' },
  };
}

test('a Secret is asked for as long as one object asks for it, and forgotten after that', () => {
  const secrets = new KnownSecrets();
  const changes: string[] = [];
  secrets.demand.onChange = ({ name }, isWanted) => changes.push(`${isWanted ? '+' : '-'}${name}`);
  secrets.ask('default/one', [SHOP]);
  secrets.ask('default/two', [SHOP, OTHER]);
  assert.deepEqual(secrets.askersOf(SHOP), ['default/one', 'default/two']);
  secrets.setSecret(SHOP, secret());
  secrets.ask('default/one', []);
  assert.equal(secrets.of(SHOP).state, 'known');
  secrets.ask('default/two', [OTHER]);
  assert.equal(secrets.of(SHOP).state, 'awaited');
  assert.deepEqual(secrets.askersOf(SHOP), []);
  assert.deepEqual(changes, ['+shop', '+other', '-shop']);
});

test('what is said of a Secret is news for those that ask for it, once', () => {
  const secrets = new KnownSecrets();
  secrets.ask('default/one', [SHOP]);
  secrets.ask('default/two', [OTHER]);
  secrets.setSecret(SHOP, undefined);
  secrets.setSecret(SHOP, secret());
  assert.deepEqual(secrets.takeChanged(), ['default/one']);
  assert.deepEqual(secrets.takeChanged(), []);
  assert.deepEqual(secrets.of(SHOP), { state: 'known', value: secret() });
});

test('a Secret that may no longer be read stays as it was read last', () => {
  const secrets = new KnownSecrets();
  secrets.ask('default/one', [SHOP]);
  secrets.secretUnreadable(SHOP, 'no right');
  assert.deepEqual(secrets.of(SHOP), { state: 'unreadable', why: 'no right', value: undefined });
  secrets.setSecret(SHOP, secret());
  secrets.secretUnreadable(SHOP, 'no right');
  assert.deepEqual(secrets.of(SHOP), { state: 'unreadable', why: 'no right', value: secret() });
  secrets.setSecret(SHOP, { path: ['data', 'tls.crt'], reason: 'is not base64' });
  assert.deepEqual(secrets.of(SHOP), { state: 'unusable', why: 'data.tls.crt is not base64' });
});

test('nothing is kept of a Secret that nothing asks for', () => {
  const secrets = new KnownSecrets();
  secrets.setSecret(SHOP, secret());
  assert.equal(secrets.of(SHOP).state, 'awaited');
  assert.deepEqual(secrets.takeChanged(), []);
});
