import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Credentials } from '../../src/model/credentials.ts';
import { readSecret, type Secret } from '../../src/resources/secret.ts';
import { isShapeProblem } from '../../src/resources/service-object.ts';
import { HASHES } from '../support/passwords.ts';
import fc from '../support/property.ts';
import { secret } from '../support/secrets.ts';

function read(texts: Readonly<Record<string, string>>): Secret['credentials'] {
  const found = readSecret(secret('users', texts), { name: 'users', namespace: 'shop', resourceVersion: '1' });
  assert.ok(!isShapeProblem(found), inspect(found));
  return found.credentials;
}

function users(texts: Readonly<Record<string, string>>): Credentials {
  const found = read(texts);
  assert.ok(found instanceof Credentials, inspect(found));
  return found;
}

function fault(texts: Readonly<Record<string, string>>): string {
  const found = read(texts);
  assert.ok('fault' in found, inspect(found));
  return found.fault;
}

const { bcrypt, sha1, sha512 } = HASHES;

test('the key auth holds lines of htpasswd', () => {
  const text = `# users\n\nann:${bcrypt}\r\n  bob:${sha1}:a comment\nann:${sha512}\n`;
  assert.deepEqual(users({ auth: text, other: 'anything' }).reveal(), [
    ['ann', bcrypt],
    ['bob', sha1],
  ]);
});

test('without it, each key is a user, and holds a hash', () => {
  assert.deepEqual(users({ ann: `${bcrypt}\n`, 'bob.b': sha1 }).reveal(), [
    ['ann', bcrypt],
    ['bob.b', sha1],
  ]);
});

test('every kind of hash is read', () => {
  for (const [kind, hash] of Object.entries(HASHES)) assert.equal(users({ [kind]: hash }).hashOf(kind), hash);
  for (const id of ['a', 'b']) assert.equal(users({ ann: bcrypt.replace('2y', `2${id}`) }).size, 1);
});

test('what cannot be used is said with its place and with what to write, and without what it holds', () => {
  const unknown = /holds no hash of a kind that is known here .*: htpasswd -B makes one$/;
  for (const [hash, why] of [
    ['hunter2', unknown],
    ['{PLAIN}hunter2', /holds a password in plain text \(\{PLAIN\}\), which is not taken: htpasswd -B makes one/],
    ['$1$abcdefghi$aaaaaaaaaaaaaaaaaaaaaa', unknown],
    ['$1$abcdefgh$aaaaaaaaaaaaaaaaaaaaa', unknown],
    ['{SSHA}aHVudGVyMg==', unknown],
    [`{SSHA}${'A'.repeat(92)}`, unknown],
    ['{SSHA}====', unknown],
    [`{SSHA}${'A'.repeat(26)}==`, unknown],
    ['rqXexS6ZhobKA', /holds a hash of DES \(crypt\), .*, which is not taken: htpasswd -B makes one/],
    ['', unknown],
    [`${bcrypt}x`, unknown],
  ] as const) {
    const said = fault({ auth: `ann:${sha1}\nbob:${hash}` });
    assert.match(said, why);
    assert.match(said, /^line 2 of its key auth/);
    assert.ok(hash === '' || !said.includes(hash));
  }
  assert.match(fault({ bob: 'hunter2' }), /^it has no key auth, and .* its key bob holds no hash/);
  assert.equal(fault({ auth: 'hunter2' }), 'line 1 of its key auth is not NAME:HASH, which htpasswd writes');
  assert.match(fault({ auth: `:${sha1}` }), /is not NAME:HASH/);
  assert.match(fault({ auth: '# none' }), /names no user/);
  assert.match(fault({}), /names no user/);
  assert.match(fault({ ann: bcrypt.replace('$04', '$13') }), /of cost 13: write one of cost 12 at most/);
  assert.match(fault({ ann: sha512.replace('=1400', '=999999999') }), /more than 100000 rounds/);
  assert.match(fault({ auth: 'x'.repeat(800 * 1024) }), /data\.auth is longer than 768 KiB/);
  assert.match(fault({ auth: `ann:${sha1}\n`.replace('ann', 'a\0') }), /control character/);
  const many = Array.from({ length: 10_001 }, (_, index) => `u${index}:${sha1}`).join('\n');
  assert.match(fault({ auth: many }), /more than 10000 users/);
});

test('users show themselves to nothing that prints', () => {
  const found = users({ ann: sha1 });
  for (const text of [String(found), JSON.stringify({ found }), inspect({ found }, { depth: 9, showHidden: true })]) {
    assert.ok(!text.includes(sha1) && !text.includes('ann'), text);
    assert.match(text, /\*\*\*/);
  }
});

test('they have another name when anything in them differs', () => {
  const { id } = users({ ann: sha1 });
  assert.equal(users({ auth: `ann:${sha1}` }).id, id);
  for (const other of [{ bob: sha1 }, { ann: bcrypt }, { ann: sha1, bob: sha1 }]) assert.notEqual(users(other).id, id);
});

test('no Secret makes it throw, or take long', () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(...Object.values(HASHES)).map(hash => `ann:${hash}`),
  );
  fc.assert(
    fc.property(fc.array(line), fc.dictionary(fc.string(), fc.string()), (lines, texts) => {
      read(texts);
      read({ ...texts, auth: lines.join('\n') });
    }),
  );
});
