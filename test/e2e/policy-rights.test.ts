/** Secrets that policies name, in a real cluster: who may read them, and what happens while one is not there. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { dig, listAt } from '../deploy/objects.ts';
import { basic, HASHES } from '../support/passwords.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealEntry } from '../support/real-entry.ts';
import { ENTRY_ACCOUNT, RealKube } from '../support/real-kube.ts';
import { patiently } from '../support/real-process.ts';
import { applyFiles, deleteFiles, grantClusterRole } from '../support/real-rights.ts';
import { expose } from '../support/real-services.ts';

const ROLE = ['role', 'role-binding'].map(file => `overlays/policies/${file}.yaml`);
const KNOWN = { authorization: basicValue('sha1') };

let kube: RealKube;
let backend: RealBackend;
let guarded: string;
let open: string;

before(async () => {
  kube = await RealKube.start();
  backend = await RealBackend.start();
  await grantClusterRole(kube);
  guarded = await expose(kube.kubectl, backend, 'guarded', {
    annotations: { path: '/guarded', 'basic-auth': 'users' },
  });
  open = await expose(kube.kubectl, backend, 'open', { annotations: { path: '/open' } });
});

after(async () => {
  await backend?.stop();
  await kube?.stop();
});

describe('a Secret that a policy names', () => {
  it('may not be read without the overlay: that route answers 503, others serve, and it is said who grants the right', async () => {
    await makeSecret({ auth: `sha1:${HASHES.sha1}` });
    await using entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'));
    await entry.ready();
    const { msg } = await entry.logged('it says so', line => line.code === 'KUBE_FORBIDDEN');
    assert.match(msg, /secrets.*deploy\/overlays\/policies\/role\.yaml/);
    assert.match(msg, /policies that name one answer with 503/);
    assert.equal((await entry.get('/guarded/x', KNOWN)).status, 503);
    assert.equal((await entry.get('/open/x')).body, `${open} /x`);
    assert.equal((await entry.table()).source.synced, true, 'all else is as it should be');

    await applyFiles(kube, ...ROLE);
    await patiently('the policy has its Secret', async () => (await entry.get('/guarded/x', KNOWN)).status === 200);
    await patiently('nothing is wrong', async () => (await entry.table()).source.problem === undefined);
    assert.equal((await entry.get('/guarded/x')).status, 401);
    const complaints = entry.log().filter(line => line.msg.startsWith('forbidden: '));
    assert.equal(complaints.length, 1, 'once, however often it tried');
    await deleteFiles(kube, ...ROLE);
  });

  it('is the only one that the overlay lets the entry read, in its namespace alone', async () => {
    await applyFiles(kube, ...ROLE);
    for (const [verb, resource, namespace, answer] of [
      ['get', 'secret/users', 'default', 'yes'],
      ['list', 'secret/users', 'default', 'yes'],
      ['watch', 'secret/users', 'default', 'yes'],
      ['update', 'secret/users', 'default', 'no'],
      ['delete', 'secret/users', 'default', 'no'],
      ['get', 'secret/others', 'default', 'no'],
      ['list', 'secrets', 'default', 'no'],
      ['watch', 'secrets', 'default', 'no'],
      ['get', 'secret/users', 'kube-system', 'no'],
      ['get', 'secret/users', 'kube-entry', 'no'],
    ] as const) {
      assert.equal(await mayI(verb, resource, namespace), answer, `${verb} ${resource} in ${namespace}`);
    }
  });

  it('that is missing refuses all with 503 and tells the owner; the route is back by itself when it comes', async () => {
    await applyFiles(kube, ...ROLE);
    await kube.kubectl.run(['delete', 'secret', 'users']);
    await using entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'));
    await entry.ready();
    for (const headers of [{}, KNOWN]) assert.equal((await entry.get('/guarded/x', headers)).status, 503);
    assert.equal((await entry.get('/open/x')).body, `${open} /x`);
    await patiently('the owner is told', () =>
      isTold(/basic-auth: the Secret users cannot be used: .*refused with 503/),
    );

    await makeSecret({ auth: `sha1:${HASHES.sha1}` });
    await patiently('it serves', async () => (await entry.get('/guarded/x', KNOWN)).status === 200);
    assert.equal((await entry.get('/guarded/x', KNOWN)).body, `${guarded} /x`);
    assert.equal((await entry.get('/guarded/x')).status, 401);
    assert.equal((await entry.get('/guarded/x', { authorization: basicValue('apr1') })).status, 401);

    await makeSecret({ auth: `apr1:${HASHES.apr1}` });
    await patiently('another user may come', async () => {
      return (await entry.get('/guarded/x', { authorization: basicValue('apr1') })).status === 200;
    });
    assert.equal((await entry.get('/guarded/x', KNOWN)).status, 401, 'who was known is known no longer');

    await kube.kubectl.run(['delete', 'secret', 'users']);
    await patiently('nobody may come', async () => (await entry.get('/guarded/x', KNOWN)).status === 503);
  });

  it('shows no hash: not in the log, the admin socket, the dashboard, metrics or Events', async () => {
    await applyFiles(kube, ...ROLE);
    await makeSecret({ auth: `sha1:${HASHES.sha1}` });
    await using entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'));
    await entry.ready();
    await patiently('it serves', async () => (await entry.get('/guarded/x', KNOWN)).status === 200);
    await makeSecret({ auth: 'sha1:a password in clear' });
    await patiently('it is no hash', async () => (await entry.get('/guarded/x', KNOWN)).status === 503);
    await patiently('the owner is told', () => isTold(/line 1 of its key auth holds no hash/));
    const answers = await Promise.all([
      ...['/routes', '/endpoints', '/explain?path=/guarded', '/configuration/general'].map(path => entry.admin(path)),
      ...['/', '/metrics', '/healthz', '/dashboard/routes'].map(path => entry.status(path)),
    ]);
    const events = await kube.kubectl.run(['get', 'events', '--all-namespaces', '--output', 'yaml']);
    const all = [...answers.map(({ body }) => body), events, JSON.stringify(entry.log())].join('\n');
    for (const secret of [HASHES.sha1, HASHES.sha1.slice(5), 'a password in clear']) assert.ok(!all.includes(secret));
  });
});

function basicValue(user: string): string {
  return basic(user).replace(/^Authorization: |\r\n$/g, '');
}

/** Makes it or takes its place. */
async function makeSecret(stringData: Readonly<Record<string, string>>): Promise<void> {
  await kube.kubectl.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'users' },
    type: 'Opaque',
    stringData,
  });
}

/** Whether the owner of the guarded Service was warned so. */
async function isTold(message: RegExp): Promise<boolean> {
  const events = listAt(await kube.kubectl.json(['get', 'events']), 'items');
  const warnings = events.filter(
    event => dig(event, 'reason') === 'PolicyUnavailable' && dig(event, 'type') === 'Warning',
  );
  return warnings.some(event => {
    return dig(event, 'involvedObject', 'name') === 'guarded' && message.test(String(dig(event, 'message')));
  });
}

async function mayI(verb: string, resource: string, namespace: string): Promise<string> {
  const question = ['auth', 'can-i', verb, resource, '--namespace', namespace, '--as', ENTRY_ACCOUNT];
  // It exits with 1 for no.
  const answer = await kube.kubectl.run(question).catch((error: unknown) => String(error));
  return answer.trim().split('\n').includes('yes') ? 'yes' : 'no';
}
