import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { RawResponse } from '../support/raw-client.ts';
import { value } from '../support/raw-message.ts';
import { revocationList } from '../support/revocation-list.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';
import { IngressScene } from './scene.ts';

const CA = selfSigned({ commonName: 'clients', isCa: true });
const ALICE = selfSigned({ commonName: 'alice', issuer: CA });
const STRANGER = selfSigned({ commonName: 'alice' });

const SECRET = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'ca' }, stringData: { 'ca.crt': CA.cert } };
const SPOOF = 'ssl-client-verify: SUCCESS\r\nssl-client-subject-dn: CN=root\r\nssl-client-cert: x\r\n';

type Annotations = Readonly<Record<string, string | boolean>>;

interface Entry {
  /** By TLS. */
  get(certificate?: SelfSigned, path?: string): Promise<RawResponse>;
  readonly scene: IngressScene;
  told(name: string): string | undefined;
}

/** The host `a.test`, whose Ingresses are one with the annotations for / and one without any for /other. */
async function entry(t: TestContext, annotations: Annotations, objects: readonly object[] = [SECRET]): Promise<Entry> {
  const scene = await IngressScene.start(t, {
    name: 'certificates of clients',
    ingresses: [
      { host: 'a.test', tls: true, paths: { '/': 's' }, annotations },
      { host: 'a.test', paths: { '/other': 's' } },
    ],
    objects: objects as readonly Readonly<Record<string, unknown>>[],
    requests: [],
  });
  return {
    scene,
    get: async (certificate, path = '/') => {
      const client = await scene.proxy.connectTls({
        servername: 'a.test',
        ...(certificate && { cert: certificate.cert, key: certificate.key }),
      });
      await client.send(`GET ${path} HTTP/1.1\r\nHost: a.test\r\n${SPOOF}\r\n`);
      return client.response();
    },
    told: name => value(scene.podsOf('s')[0]?.requests.at(-1)?.headers ?? [], name),
  };
}

async function statuses(answers: readonly Promise<RawResponse>[]): Promise<number[]> {
  return (await Promise.all(answers)).map(({ status }) => status);
}

describe('auth-tls-secret', { concurrency: 4 }, () => {
  it('serves clients whose certificate it has signed, on all paths of the host, and tells upstreams', async t => {
    const { get, told } = await entry(t, { 'auth-tls-secret': 'ca', 'auth-tls-pass-certificate-to-upstream': true });
    assert.deepEqual(await statuses([get(), get(STRANGER), get(undefined, '/other')]), [400, 400, 400]);
    assert.equal((await get(ALICE)).status, 200);
    const names = ['ssl-client-verify', 'ssl-client-subject-dn', 'ssl-client-issuer-dn'];
    assert.deepEqual(names.map(told), ['SUCCESS', 'CN=alice', 'CN=clients']);
    assert.equal(decodeURIComponent(told('ssl-client-cert') ?? '').trim(), ALICE.cert.trim());
    assert.equal((await get(ALICE, '/other')).status, 200);
    assert.equal(told('ssl-client-subject-dn'), 'CN=alice');
  });

  it('serves clients without one where it is optional, and lets none say that it has one', async t => {
    const { get, told } = await entry(t, { 'auth-tls-secret': 'default/ca', 'auth-tls-verify-client': 'optional' });
    assert.deepEqual(await statuses([get(STRANGER)]), [400]);
    assert.equal((await get()).status, 200);
    const names = ['ssl-client-verify', 'ssl-client-subject-dn', 'ssl-client-cert'];
    assert.deepEqual(names.map(told), ['NONE', undefined, undefined]);
  });

  it('asks for none where it is off, and refuses what is not built', async t => {
    const off = await entry(t, { 'auth-tls-secret': 'ca', 'auth-tls-verify-client': 'off' });
    assert.equal((await off.get()).status, 200);
    const unverified = await entry(t, { 'auth-tls-secret': 'ca', 'auth-tls-verify-client': 'optional_no_ca' });
    assert.equal((await unverified.get(ALICE)).status, 503);
  });

  it('refuses the whole host while the Secret is missing, has no authorities, or is of another namespace', async t => {
    for (const [secret, object] of [
      ['none', SECRET],
      ['ca', { ...SECRET, stringData: { other: 'x' } }],
      ['other/ca', { ...SECRET, metadata: { name: 'ca', namespace: 'other' } }],
    ] as const) {
      const { get, scene } = await entry(t, { 'auth-tls-secret': secret }, [object]);
      assert.deepEqual(await statuses([get(ALICE), get(ALICE, '/other')]), [403, 403], secret);
      await scene.check({ get: '/', host: 'a.test', status: 403 });
    }
  });

  it('refuses clients whose subject does not match', async t => {
    const bob = selfSigned({ commonName: 'bob', issuer: CA });
    const { get } = await entry(t, { 'auth-tls-secret': 'ca', 'auth-tls-match-cn': 'CN=(alice|carl)' });
    assert.deepEqual(await statuses([get(ALICE), get(bob), get(bob, '/other')]), [200, 403, 403]);
    for (const evil of ['CN=#(\n){}\n }}\nserver{}', 'alice', 'CN=((a+', 'CN=abc"; return 200 "x']) {
      const refused = await entry(t, { 'auth-tls-secret': 'ca', 'auth-tls-match-cn': evil });
      const [status] = await statuses([refused.get(ALICE)]);
      assert.ok(status === 503 || status === 403, `${evil}: ${status}`);
    }
  });

  it('refuses clients whose certificate a list of the Secret has revoked, and every one where the list cannot be read', async t => {
    const bob = selfSigned({ commonName: 'bob', issuer: CA });
    const holding = (list: string): object => ({ ...SECRET, stringData: { ...SECRET.stringData, 'ca.crl': list } });
    const listed = await entry(t, { 'auth-tls-secret': 'ca' }, [holding(revocationList(CA, [bob]))]);
    assert.deepEqual(await statuses([listed.get(ALICE), listed.get(bob)]), [200, 400]);
    // The list of another authority says nothing of this one's certificates, and without one of its own none counts.
    const other = selfSigned({ commonName: 'other', isCa: true });
    const two = revocationList(other, []) + revocationList(CA, [ALICE]);
    const both = await entry(t, { 'auth-tls-secret': 'ca' }, [holding(two)]);
    assert.deepEqual(await statuses([both.get(ALICE), both.get(bob)]), [400, 200]);
    const foreign = await entry(t, { 'auth-tls-secret': 'ca' }, [holding(revocationList(other, []))]);
    assert.deepEqual(await statuses([foreign.get(ALICE)]), [400]);
    for (const broken of [CA.cert, revocationList(CA, []).replace(/[A-Za-z0-9+/]{8}\n/, '\n')]) {
      const { get } = await entry(t, { 'auth-tls-secret': 'ca' }, [holding(broken)]);
      assert.deepEqual(await statuses([get(ALICE)]), [403]);
    }
  });

  it('refuses chains with more intermediates than auth-tls-verify-depth says, 1 unless told, and resumes no session', async t => {
    const first = selfSigned({ commonName: 'first', isCa: true, issuer: CA });
    const second = selfSigned({ commonName: 'second', isCa: true, issuer: first });
    const near = selfSigned({ commonName: 'near', issuer: first });
    const far = selfSigned({ commonName: 'far', issuer: second });
    const chains = [
      ALICE,
      { ...near, cert: near.cert + first.cert },
      { ...far, cert: far.cert + second.cert + first.cert },
    ];
    for (const [depth, expected] of [
      [undefined, [200, 200, 400]],
      ['1', [200, 200, 400]],
      ['2', [200, 200, 200]],
      ['0', [200, 200, 400]],
      ['many', [200, 200, 400]],
    ] as const) {
      const annotations = { 'auth-tls-secret': 'ca', ...(depth !== undefined && { 'auth-tls-verify-depth': depth }) };
      const { get, scene } = await entry(t, annotations);
      assert.deepEqual(await statuses(chains.map(chain => get(chain))), expected, `depth ${depth}`);
      const options = { servername: 'a.test', cert: ALICE.cert, key: ALICE.key };
      const client = await scene.proxy.connectTls(options);
      await client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
      await client.response();
      const { session } = client;
      const again = await scene.proxy.connectTls({ ...options, ...(session && { session }) });
      assert.equal(again.tls.isSessionReused(), false);
    }
  });

  it('sends clients without a certificate that counts to auth-tls-error-page', async t => {
    const page = 'https://help.test/cert?why=none';
    const { get, scene } = await entry(t, { 'auth-tls-secret': 'ca', 'auth-tls-error-page': page });
    for (const answer of [await get(), await get(STRANGER, '/other')]) {
      assert.deepEqual([answer.status, value(answer.headers, 'Location')], [302, page]);
    }
    assert.equal((await get(ALICE)).status, 200);
    assert.equal(scene.podsOf('s')[0]?.requests.length, 1);
    const options = { servername: 'a.test', cert: ALICE.cert, key: ALICE.key };
    const client = await scene.proxy.connectTls(options);
    await client.send('GET / HTTP/1.1\r\nHost: b.test\r\n\r\n');
    assert.equal((await client.response()).status, 421, 'another host is none of its business');
    for (const evil of [
      '/page',
      '//evil.test',
      'https://$host/x',
      'https://a.test/"; return 200',
      'https://h/\r\nX: 1',
    ]) {
      const refused = await entry(t, { 'auth-tls-secret': 'ca', 'auth-tls-error-page': evil });
      assert.deepEqual(await statuses([refused.get(), refused.get(ALICE)]), [400, 200], evil);
    }
  });
});
