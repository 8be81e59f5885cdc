/** What a policy that names a Secret does while the Secret comes, changes and goes. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { Catalog } from '../../src/control/catalog.ts';
import type { Policy } from '../../src/model/policy.ts';
import { readSecret } from '../../src/resources/secret.ts';
import { readService } from '../../src/resources/service-object.ts';
import { pack, unpack } from '../../src/workers/packed-delta.ts';
import { HASHES } from '../support/passwords.ts';
import { published } from '../support/routes.ts';
import { secret } from '../support/secrets.ts';

const USERS = { namespace: 'shop', name: 'users' };
const NAME = 'kube-entry.io/basic-auth';

describe('a Service that asks for a password', () => {
  let catalog: Catalog;

  beforeEach(() => {
    catalog = new Catalog({ allowExternalName: false, waitsFor: 'services' });
    catalog.replace([]);
    catalog.commit();
  });

  function upsert(annotations: Readonly<Record<string, string>>): void {
    const service = readService(
      {
        metadata: { name: 'web', namespace: 'shop', annotations: { 'kube-entry.io/path': '/web', ...annotations } },
        spec: { clusterIP: '10.96.0.7', ports: [{ port: 80 }] },
      },
      'shop',
    );
    assert.ok('spec' in service);
    catalog.upsert(service);
    catalog.commit();
  }

  function say(texts: Readonly<Record<string, string>> | undefined): void {
    const metadata = { ...USERS, resourceVersion: '' };
    catalog.secrets.named.setSecret(USERS, texts && readSecret(secret('users', texts, USERS), metadata));
    catalog.commit();
  }

  const policies = (): readonly Policy[] => catalog.table.match('', '/web')?.policies ?? [];
  const kinds = (): string[] => policies().map(({ kind }) => kind);
  const warnings = (): string[] => catalog.warnings().map(({ message }) => message);

  it('is refused to all until the Secret is there, and served again as soon as it comes back', () => {
    upsert({ [NAME]: 'users', 'kube-entry.io/allow-from': '10.0.0.0/8' });
    assert.deepEqual([...catalog.secrets.named.demand.values()], [USERS]);
    assert.deepEqual(kinds(), ['unavailable', 'allow-from'], 'nothing is known yet');
    assert.deepEqual(warnings(), []);
    say(undefined);
    assert.deepEqual(kinds(), ['unavailable', 'allow-from']);
    const missing = `${NAME}: the Secret users cannot be used: there is no such Secret; until it can be, all requests are refused with 503`;
    assert.deepEqual(warnings(), [missing]);
    assert.deepEqual(catalog.warnings()[0]?.reason, 'PolicyUnavailable');
    for (let round = 0; round < 2; round += 1) {
      say({ auth: `ann:${HASHES.sha1}` });
      assert.deepEqual([kinds(), warnings()], [['allow-from', 'basic-auth'], []]);
      say({ auth: 'ann:hunter2' });
      assert.deepEqual(kinds(), ['unavailable', 'allow-from']);
      assert.match(warnings().join(), /line 1 of its key auth holds no hash/);
    }
  });

  it('knows the users of the Secret as it is now', () => {
    upsert({ [NAME]: 'users' });
    say({ ann: HASHES.sha1 });
    const before = policies();
    say({ ann: HASHES.sha1, bob: HASHES.bcrypt });
    const [policy] = policies();
    assert.ok(policy?.kind === 'basic-auth' && policy.secret === 'shop/users');
    assert.equal(policy.credentials.hashOf('bob'), HASHES.bcrypt);
    assert.notEqual(policies(), before);
  });

  it('keeps the users that were read while the Secret may not be read, and refuses all where none were', () => {
    upsert({ [NAME]: 'users' });
    say({ ann: HASHES.sha1 });
    catalog.secrets.named.secretUnreadable(USERS, 'no right');
    catalog.commit();
    assert.deepEqual(kinds(), ['basic-auth']);
    say(undefined);
    catalog.secrets.named.secretUnreadable(USERS, 'no right');
    catalog.commit();
    assert.deepEqual(kinds(), ['unavailable']);
    assert.match(warnings().join(), /no right/);
  });

  it('goes on as before while a Secret that it names from now on is read', () => {
    upsert({ [NAME]: 'users' });
    say({ ann: HASHES.sha1 });
    upsert({ [NAME]: 'others' });
    const [policy] = policies();
    assert.ok(policy?.kind === 'basic-auth' && policy.secret === 'shop/users');
    catalog.secrets.named.setSecret({ namespace: 'shop', name: 'others' }, undefined);
    catalog.commit();
    assert.deepEqual(kinds(), ['unavailable']);
  });

  it('says its users to the workers, and to nothing else', () => {
    upsert({ [NAME]: 'users' });
    catalog.secrets.named.setSecret(
      USERS,
      readSecret(secret('users', { ann: HASHES.sha1 }, USERS), { ...USERS, resourceVersion: '' }),
    );
    const delta = catalog.commit();
    assert.ok(delta !== undefined);
    const hash = HASHES.sha1;
    for (const text of [JSON.stringify(delta), inspect(delta, { depth: 20 })]) assert.ok(!text.includes(hash));
    const [part] = pack(published(delta));
    assert.ok(part !== undefined);
    const [policy] = unpack(part).routes.upserts[0]?.policies ?? [];
    assert.ok(policy?.kind === 'basic-auth');
    assert.equal(policy.credentials.hashOf('ann'), hash);
    assert.deepEqual(policies(), [policy]);
  });
});
