/** Certificates from Secrets of a real cluster: who may read them, how a new one is served, and that no key is shown. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { connect } from 'node:tls';
import type { CertificateView } from '../../src/admin/certificate-view.ts';
import { dig, listAt } from '../deploy/objects.ts';
import { eventually } from '../support/eventually.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealEntry } from '../support/real-entry.ts';
import { Hammer } from '../support/real-hammer.ts';
import { ENTRY_ACCOUNT, RealKube } from '../support/real-kube.ts';
import { patiently } from '../support/real-process.ts';
import { applyFiles, deleteFiles, grantClusterRole, grantSecrets, revokeSecrets } from '../support/real-rights.ts';
import { expose } from '../support/real-services.ts';
import { tlsSecret } from '../support/secrets.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';

const DEADLINE_MS = 60_000;
const HOST = 'shop.example';
const ROUNDS = 10;
const WITH_TLS = ['--tls-listen', '127.0.0.1:0'];
const ROLE = ['namespaced/role.yaml', 'namespaced/role-binding.yaml'];
const TLS_ROLE = ['namespaced/tls-role.yaml', 'namespaced/tls-role-binding.yaml'];

let kube: RealKube;
let backend: RealBackend;
let clusterIP: string;
/** All that the Secret has held: none of their keys may be seen anywhere. */
const pairs: SelfSigned[] = [];

before(async () => {
  kube = await RealKube.start();
  backend = await RealBackend.start();
  await grantClusterRole(kube);
  const annotations = { path: '/', host: HOST, 'tls-secret': 'shop-tls', 'strip-prefix': 'false' };
  clusterIP = await expose(kube.kubectl, backend, 'shop', { annotations });
  await renew();
});

after(async () => {
  await backend?.stop();
  await kube?.stop();
});

describe('the right to read Secrets', () => {
  it('is missed, while the default certificate serves, and used as soon as the overlay grants it', async () => {
    await using entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'), ...WITH_TLS);
    await entry.ready();
    const { msg } = await entry.logged('it says so', line => line.code === 'KUBE_FORBIDDEN', DEADLINE_MS);
    assert.match(msg, /may not list secrets with type=kubernetes\.io\/tls in all namespaces: deploy\/overlays\/tls\//);
    assert.match(msg, /hosts that name one get the default certificate/);
    const { source } = await entry.table();
    assert.equal(source.synced, true, 'all else is as it should be');
    assert.match(source.problem ?? '', /may not list secrets/);
    await eventually('the owner of the Service is told', () => hasEvent('SecretNotReadable'), DEADLINE_MS);
    assert.equal((await overTls(entry)).status, 200, 'with the default certificate');

    await grantSecrets(kube);
    await patiently('its certificate is served', async () => (await served(entry)) === newest());
    await patiently('nothing is wrong', async () => (await entry.table()).source.problem === undefined);
    const complaints = entry.log().filter(line => line.msg.startsWith('forbidden: '));
    assert.equal(complaints.length, 1, 'once, however often it tried');
    await revokeSecrets(kube);
  });

  it('is in a Role of a single namespace, and covers no other', async () => {
    await deleteFiles(kube, 'base/cluster-role-binding.yaml');
    await applyFiles(kube, ...ROLE, ...TLS_ROLE);
    await using entry = await RealEntry.start(
      ...['--kubeconfig', kube.kubeconfig('entry'), '--namespace', 'default'],
      ...WITH_TLS,
    );
    await entry.ready();
    assert.equal(await served(entry), newest());
    for (const [verb, namespace, answer] of [
      ['list', 'default', 'yes'],
      ['watch', 'default', 'yes'],
      ['get', 'default', 'no'],
      ['patch', 'default', 'no'],
      ['list', 'kube-system', 'no'],
      ['watch', 'kube-entry', 'no'],
    ] as const) {
      assert.equal(await mayI(verb, namespace), answer, `${verb} secrets in ${namespace}`);
    }
    await deleteFiles(kube, ...ROLE, ...TLS_ROLE);
    await grantClusterRole(kube);
  });
});

describe('a certificate', () => {
  let entry: RealEntry;

  before(async () => {
    await grantSecrets(kube);
    const stateFile = kube.path('state');
    entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'), '--state-file', stateFile, ...WITH_TLS);
    await entry.ready();
  });

  after(() => entry?.stop());

  it(`is renewed ${ROUNDS} times under load: the next handshake has it, and no request fails`, async t => {
    await patiently('it is served', async () => (await served(entry)) === newest());
    await using hammer = new Hammer(`https://${entry.tlsAddress}/ping`, `${clusterIP} /ping`, {
      servername: HOST,
      headers: { host: HOST },
      rejectUnauthorized: false,
    });
    const delays: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await renew();
      const renewed = performance.now();
      await eventually('a handshake has it', async () => (await served(entry)) === newest(), DEADLINE_MS);
      delays.push(performance.now() - renewed);
    }
    const { requests, failures } = await hammer.stop();
    t.diagnostic(`${requests} requests; from the Secret to a handshake ${Math.max(...delays).toFixed()} ms at most`);
    assert.deepEqual(failures, {});
  });

  it('that is deleted is said to be, and serves again when it is back', async () => {
    await kube.kubectl.run(['delete', 'secret', 'shop-tls']);
    await eventually('its problem is named', async () => (await reasons(entry)).includes('SecretAbsent'), DEADLINE_MS);
    await eventually('the owner of the Service is told', () => hasEvent('SecretAbsent'), DEADLINE_MS);
    assert.equal((await overTls(entry)).status, 200, 'requests are answered all the same');
    await renew();
    await eventually('it is served', async () => (await served(entry)) === newest(), DEADLINE_MS);
    await eventually('nothing is wrong', async () => !(await reasons(entry)).includes('SecretAbsent'), DEADLINE_MS);
  });

  it('whose key does not belong to it is refused, and the owner is told why', async () => {
    const [one, two] = [selfSigned({ names: [HOST] }), selfSigned({ names: [HOST] })];
    await put({ ...one, key: two.key });
    await eventually(
      'its problem is named',
      async () => (await reasons(entry)).includes('CertificateUnusable'),
      DEADLINE_MS,
    );
    await eventually('the owner is told', () => hasEvent('CertificateUnusable'), DEADLINE_MS);
    await renew();
    await eventually('the next one is served', async () => (await served(entry)) === newest(), DEADLINE_MS);
  });

  it('shows its key nowhere: not in the log, the admin socket, the dashboard, metrics, Events or the state file', async () => {
    const answers = await Promise.all([
      ...['/routes', '/certificates', '/endpoints', '/explain?path=/&host=shop.example'].map(path => entry.admin(path)),
      ...['/configuration/general', '/configuration/backends'].map(path => entry.admin(path)),
      ...['/', '/metrics', '/healthz', '/readyz', '/dashboard/routes'].map(path => entry.status(path)),
    ]);
    const events = await kube.kubectl.run(['get', 'events', '--all-namespaces', '--output', 'yaml']);
    await patiently('the state file is written', () => readFileSync(kube.path('state'), 'utf8').includes('shop-tls'));
    const all = [
      ...answers.map(({ body }) => body),
      ...[entry.written, events, readFileSync(kube.path('state'), 'utf8'), await firstDashboardEvents(entry)],
    ].join('\n');
    assert.ok(all.includes('shop-tls'), 'the name may be seen');
    for (const { key } of pairs) {
      const inBase64 = Buffer.from(key).toString('base64');
      const parts = [...key.split('\n').slice(1, -2), ...(inBase64.match(/.{24}/g) ?? []).slice(3)];
      for (const part of parts) assert.ok(!all.includes(part), 'a part of a key is shown');
    }
    assert.doesNotMatch(all, /PRIVATE KEY/);
  });

  it('is not in the state file: a restart without the API serves the default certificate, and says so', async () => {
    copyFileSync(kube.path('state'), kube.path('state-of-before'));
    await kube.killApiServer();
    try {
      const stateFile = kube.path('state-of-before');
      await using lost = await RealEntry.start(
        '--kubeconfig',
        kube.kubeconfig('entry'),
        '--state-file',
        stateFile,
        ...WITH_TLS,
      );
      await lost.ready();
      assert.notEqual(await served(lost), newest());
      const { msg } = await lost.logged('it says so', line => line.msg.startsWith('stale: '));
      assert.match(msg, /it holds no certificates, so the default one serves until then$/);
      assert.deepEqual(await reasons(lost), ['SecretAwaited']);
      await kube.startApiServer();
      await patiently('its own one is served', async () => (await served(lost)) === newest());
    } finally {
      // For what comes after, whatever has failed here.
      await kube.killApiServer();
      await kube.startApiServer();
    }
  });
});

/** Puts a new certificate into the Secret. */
async function renew(): Promise<void> {
  await put(selfSigned({ names: [HOST] }));
}

async function put(pair: SelfSigned): Promise<void> {
  pairs.push(pair);
  await kube.kubectl.apply(tlsSecret('shop-tls', pair));
}

function newest(): string {
  return pairs.at(-1)?.cert.replace(/-----[^-]+-----|\s/g, '') ?? '';
}

/** The certificate that a handshake shows, in base64. */
async function served(entry: RealEntry): Promise<string> {
  const [host = '', port] = entry.tlsAddress.split(':');
  const socket = connect({ host, port: Number(port), servername: HOST, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerX509Certificate()?.raw.toString('base64') ?? '';
  } finally {
    socket.destroy();
  }
}

async function overTls(entry: RealEntry): Promise<{ status: number }> {
  await using hammer = new Hammer(`https://${entry.tlsAddress}/ping`, `${clusterIP} /ping`, {
    servername: HOST,
    headers: { host: HOST },
    rejectUnauthorized: false,
  });
  await patiently('it answers', () => hammer.requests > 0);
  return { status: Object.keys(hammer.failures).length === 0 ? 200 : 0 };
}

async function reasons(entry: RealEntry): Promise<string[]> {
  const views = JSON.parse((await entry.admin('/certificates')).body) as CertificateView[];
  return views.flatMap(({ problems }) => problems.map(({ reason }) => reason));
}

async function hasEvent(reason: string): Promise<boolean> {
  const events = listAt(await kube.kubectl.json(['get', 'events']), 'items');
  return events.some(event => dig(event, 'reason') === reason);
}

async function mayI(verb: string, namespace: string): Promise<string> {
  const question = ['auth', 'can-i', verb, 'secrets', '--namespace', namespace, '--as', ENTRY_ACCOUNT];
  // It exits with 1 for no.
  const answer = await kube.kubectl.run(question).catch((error: unknown) => String(error));
  return answer.trim() === 'yes' ? 'yes' : 'no';
}

/** What the dashboard gets when it begins to watch. */
async function firstDashboardEvents(entry: RealEntry): Promise<string> {
  const response = await fetch(`${entry.statusOrigin}/dashboard/events`);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const { value = '' } = (await reader?.read()) ?? {};
  await reader?.cancel();
  return value;
}
