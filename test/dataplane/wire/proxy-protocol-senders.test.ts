/** The PROXY protocol as a real load balancer speaks it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatListenAddress, type ListenAddress } from '../../../src/formats/listen-address.ts';
import { atEnd } from '../../support/cleanup.ts';
import { startHaproxy } from '../../support/haproxy.ts';
import { needs } from '../../support/installed.ts';
import { startProxy } from '../../support/proxy-under-test.ts';
import { RawClient } from '../../support/raw-client.ts';
import { RawUpstream } from '../../support/raw-upstream.ts';
import { serverPort } from '../../support/server-port.ts';

const GET = 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n';

/** What haproxy adds to `server`, and the address that the entry must take for the client's. */
const SENDERS: readonly (readonly [words: string, from: string])[] = [
  ['send-proxy', '127.0.0.9'],
  ['send-proxy-v2', '127.0.0.9'],
  ['send-proxy-v2 proxy-v2-options crc32c', '127.0.0.9'],
  ['send-proxy-v2 proxy-v2-options crc32c,unique-id,authority', '127.0.0.9'],
  ['send-proxy-v2-ssl', '127.0.0.9'],
  ['send-proxy check inter 50ms', '127.0.0.9'],
  ['send-proxy-v2 check inter 50ms', '127.0.0.9'],
];

describe('haproxy', { concurrency: true, ...needs('haproxy') }, () => {
  for (const [words, from] of SENDERS) {
    it(words, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, 'wire', {
        routes: [{ path: '/volume', to: upstream }],
        settings: { proxyProtocol: ['127.0.0.0/8'] },
      });
      const address: ListenAddress = { host: '127.0.0.1', port: await serverPort() };
      const connect = () => RawClient.connect(address, { localAddress: from });
      const configuration = `
frontend entry
  bind ${formatListenAddress(address)}
  unique-id-format %ci-%cp
  default_backend entry

backend entry
  server entry ${formatListenAddress(proxy.address)} ${words}
`;
      await startHaproxy(t, configuration, async () => {
        // A balancer whose server is still unknown to it closes the connection.
        const client = await connect().catch(() => undefined);
        if (client === undefined) return false;
        await client.send(GET);
        const response = await client.response().catch(() => undefined);
        client.destroy();
        return response?.status === 200;
      });
      const client = await connect();
      atEnd(t, () => client.destroy());
      for (let count = 0; count < 2; count += 1) {
        await client.send(GET);
        assert.equal((await client.response()).status, 200);
        assert.equal(upstream.requests.at(-1)?.header('x-real-ip'), from);
        assert.equal(upstream.requests.at(-1)?.header('x-forwarded-for'), from);
      }
      // Health checks, too, come with a header or without a byte.
      assert.deepEqual(
        proxy.notices.map(({ example }) => `${example.reason}: ${example.detail}`),
        [],
      );
      assert.ok((await proxy.logged(3)).every(({ remoteAddress }) => remoteAddress === from));
    });
  }
});
