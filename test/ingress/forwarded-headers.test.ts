/** What upstreams of Ingresses are told about a client is kept for the next request of its connection: it must be of this request nevertheless. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawClient } from '../support/raw-client.ts';
import { IngressScene } from './scene.ts';

const REQUESTS = [
  'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a.test:8080\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: b.test\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: b.test\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Host: other.test\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: https\r\nX-Scheme: https\r\n\r\n',
  'GET http://b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n',
];

test('a request that follows others on its connection tells upstreams the same as one on a connection of its own', async t => {
  const scene = await IngressScene.start(t, {
    name: 'forwarded headers',
    ingresses: [
      { host: 'a.test', paths: { '/': 's' } },
      { host: 'b.test', paths: { '/': 's' }, annotations: { 'proxy-body-size': '2m' } },
      { paths: { '/': 's' } },
    ],
    requests: [],
  });
  const told = async (client: RawClient, request: string): Promise<readonly string[]> => {
    await client.send(request);
    assert.equal((await client.response()).status, 200);
    const { headers } = scene.podsOf('s')[0]?.requests.at(-1) ?? { headers: [] };
    return headers.map(([name, value]) => `${name}: ${value}`).filter(line => !line.startsWith('X-Request-ID'));
  };
  for (const connect of [() => scene.proxy.connectInClear(), () => scene.proxy.connectTls({ servername: 'a.test' })]) {
    const kept = await connect();
    for (const request of REQUESTS) {
      const alone = await connect();
      assert.deepEqual(await told(kept, request), await told(alone, request), request);
      alone.destroy();
    }
    kept.destroy();
  }
});
