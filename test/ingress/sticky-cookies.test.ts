/** Sticky cookies of Ingresses on real sockets: who stays where, and what the cookie says. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { header } from '../support/exchange.ts';
import type { RawResponse } from '../support/raw-client.ts';
import type { CaseIngress } from './case.ts';
import { IngressScene } from './scene.ts';

const NAME = 'default-s-80';
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const MARK = `|${md5(md5(NAME) + NAME)}`;

type Annotations = NonNullable<CaseIngress['annotations']>;

function sticky(annotations: Annotations = {}): CaseIngress {
  return { host: 'a', paths: { '/something': 's' }, annotations: { affinity: 'cookie', ...annotations } };
}

async function start(t: TestContext, ingresses: readonly CaseIngress[], services = {}): Promise<IngressScene> {
  return IngressScene.start(t, { name: '', ingresses, services: { s: { pods: 3 }, ...services }, requests: [] });
}

async function get(scene: IngressScene, target = '/something', cookie = '', host = 'a'): Promise<RawResponse> {
  const connection = await scene.proxy.connectInClear();
  await connection.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${cookie && `Cookie: ${cookie}\r\n`}\r\n`);
  const response = await connection.response();
  connection.destroy();
  return response;
}

const setCookie = (response: RawResponse): string => header(response, 'set-cookie').join('\n');
const pairOf = (response: RawResponse): string => /^[^;]*/.exec(setCookie(response))?.[0] ?? '';

/** Which pod of a Service has answered last: it has one request more than before. */
function countsOf(scene: IngressScene, service = 's'): number[] {
  return scene.podsOf(service).map(({ requests }) => requests.length);
}

/** How many pods get requests that come with a cookie. */
async function podsOf(scene: IngressScene, cookie: string, service = 's'): Promise<number> {
  const before = countsOf(scene, service);
  for (let time = 0; time < 12; time += 1) await get(scene, '/something', cookie);
  return countsOf(scene, service).filter((count, index) => count > (before[index] as number)).length;
}

for (const mode of ['balanced', 'persistent']) {
  describe(`a sticky cookie, ${mode}`, { concurrency: 4 }, () => {
    it('is set once, with the name and the path that are asked for, and keeps a client at one pod', async t => {
      const scene = await start(t, [sticky({ 'affinity-mode': mode, 'session-cookie-name': 'SERVERID' })]);
      const first = await get(scene);
      assert.match(setCookie(first), /^SERVERID=[^;]+; Path=\/something; HttpOnly$/);
      assert.equal(setCookie(await get(scene, '/something', pairOf(first))), '');
      assert.equal(await podsOf(scene, pairOf(first)), 1);
    });

    it('of another Service, or one that was made up, binds nobody: the client gets a new one', async t => {
      const scene = await start(t, [sticky({ 'affinity-mode': mode })]);
      const other = `|${md5(`${md5('default-t-80')}default-t-80`)}`;
      for (const value of [
        `1700000000.1.2.3${other}`,
        'x',
        MARK,
        `${'A'.repeat(4_000)}${MARK}`,
        '__proto__',
        md5('x'),
      ]) {
        assert.match(
          setCookie(await get(scene, '/something', `INGRESSCOOKIE=${value}`)),
          /^INGRESSCOOKIE=/,
          value.slice(0, 60),
        );
      }
    });

    it('is set by the locations alone that ask for it, and counts in the others of the Service', async t => {
      const plain: CaseIngress = { host: 'b', paths: { '/something': 's' } };
      const scene = await start(t, [sticky({ 'affinity-mode': mode }), plain]);
      assert.equal(setCookie(await get(scene, '/something', '', 'b')), '');
      const cookie = pairOf(await get(scene));
      const before = countsOf(scene);
      for (let time = 0; time < 8; time += 1) {
        assert.equal(setCookie(await get(scene, '/something', cookie, 'b')), '');
      }
      assert.equal(countsOf(scene).filter((count, index) => count > (before[index] as number)).length, 1);
    });
  });
}

describe('cookies that ingress-nginx has set', () => {
  it('persistent ones lead to the pod that they name, and stay', async t => {
    const scene = await start(t, [sticky({ 'affinity-mode': 'persistent' })]);
    for (const [index, { address }] of scene.podsOf('s').entries()) {
      const cookie = `INGRESSCOOKIE=${md5(`${NAME}${address.host}:${address.port}`)}${MARK}`;
      const before = countsOf(scene)[index] as number;
      for (let time = 0; time < 4; time += 1) assert.equal(setCookie(await get(scene, '/something', cookie)), '');
      assert.equal(countsOf(scene)[index], before + 4);
    }
  });

  it('balanced ones keep a client at one pod, and stay', async t => {
    const scene = await start(t, [sticky()]);
    const cookie = `INGRESSCOOKIE=1700000000.123.45.678901${MARK}`;
    assert.equal(setCookie(await get(scene, '/something', cookie)), '');
    assert.equal(await podsOf(scene, cookie), 1);
  });
});

describe('a canary of clients that are bound', { concurrency: 4 }, () => {
  const canary = (annotations: Annotations): CaseIngress => ({
    host: 'a',
    paths: { '/something': 'next' },
    annotations: { canary: true, 'canary-by-header': 'X-Canary', ...annotations },
  });

  async function withHeader(scene: IngressScene, value: string, cookie = ''): Promise<RawResponse> {
    const connection = await scene.proxy.connectInClear();
    const lines = `X-Canary: ${value}\r\n${cookie && `Cookie: ${cookie}\r\n`}`;
    await connection.send(`GET /something HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
    const response = await connection.response();
    connection.destroy();
    return response;
  }

  for (const mode of ['balanced', 'persistent']) {
    it(`sticky, ${mode}: its clients stay with it, and those of the primary with that`, async t => {
      const scene = await start(t, [sticky({ 'affinity-mode': mode }), canary({})]);
      const taken = await withHeader(scene, 'always');
      assert.deepEqual(header(taken, 'x-service'), ['default/next']);
      const kept = await get(scene);
      for (let time = 0; time < 10; time += 1) {
        assert.deepEqual(header(await get(scene, '/something', pairOf(taken)), 'x-service'), ['default/next']);
        assert.deepEqual(header(await withHeader(scene, 'always', pairOf(kept)), 'x-service'), ['default/s']);
      }
    });
  }

  it('legacy: its clients are not bound', async t => {
    const scene = await start(t, [sticky(), canary({ 'affinity-canary-behavior': 'legacy' })]);
    const taken = await withHeader(scene, 'always');
    assert.deepEqual([header(taken, 'x-service'), setCookie(taken)], [['default/next'], '']);
    assert.deepEqual(header(await get(scene), 'x-service'), ['default/s']);
  });
});

describe('a hash of the request', { concurrency: 4 }, () => {
  it('leads the same requests to one pod, or to a subset of them', async t => {
    const services = { s: { pods: 5 } };
    const one = await start(
      t,
      [{ host: 'a', paths: { '/something': 's' }, annotations: { 'upstream-hash-by': '$request_uri' } }],
      services,
    );
    assert.equal(await podsOf(one, ''), 1);
    const annotations = {
      'upstream-hash-by': '$request_uri',
      'upstream-hash-by-subset': true,
      'upstream-hash-by-subset-size': 2,
    };
    const two = await start(t, [{ host: 'a', paths: { '/something': 's' }, annotations }], services);
    assert.ok((await podsOf(two, '')) <= 2);
  });

  it('takes huge keys', async t => {
    const annotations = { 'upstream-hash-by': '$http_x_key$request_uri' };
    const scene = await start(t, [{ host: 'a', paths: { '/': 's' }, annotations }]);
    const connection = await scene.proxy.connectInClear();
    await connection.send(`GET /${'a'.repeat(6_000)} HTTP/1.1\r\nHost: a\r\nX-Key: ${'k'.repeat(7_000)}\r\n\r\n`);
    assert.equal((await connection.response()).status, 200);
    connection.destroy();
  });
});
