/** Contract section 5: 1xx responses. */
import assert from 'node:assert/strict';
import { startProxy } from '../support/proxy-under-test.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const EARLY_HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nlink: </b.css>; rel=preload\r\n\r\n';

conformance('interim responses', ({ engine, test }) => {
  test('they pass to an HTTP/1.1 client, in number and order', async t => {
    const upstream = await RawUpstream.start(
      t,
      answering(`HTTP/1.1 102 Processing\r\n\r\n${EARLY_HINTS}HTTP/1.1 199 Odd\r\nX-A: 1\r\n\r\n${answer()}`),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const response = await proxy.get('/volume');
    assert.deepEqual(
      response.interim.map(({ status, headers }) => [status, headers]),
      [
        [102, []],
        [
          103,
          [
            ['Link', '</a.css>; rel=preload'],
            ['link', '</b.css>; rel=preload'],
          ],
        ],
        [199, [['X-A', '1']]],
      ],
    );
    assert.equal(response.body, 'ok');
  });

  test('they pass at once, before the final response exists', async t => {
    const upstream = await RawUpstream.start(t, request => request.connection.send(EARLY_HINTS));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.head()).status, 103);
    await upstream.only.connection.send(answer('done'));
    assert.equal((await client.response()).body, 'done');
  });

  test('a 100 that nobody expected is harmless', async t => {
    const upstream = await RawUpstream.start(t, answering(`HTTP/1.1 100 Continue\r\n\r\n${answer()}`));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    for (let count = 0; count < 2; count += 1) {
      await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
      assert.equal((await client.response()).body, 'ok');
    }
  });

  test('an HTTP/1.0 client gets the final response alone', async t => {
    const upstream = await RawUpstream.start(t, answering(`HTTP/1.1 100 Continue\r\n\r\n${EARLY_HINTS}${answer()}`));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const response = await proxy.exchange('GET /volume HTTP/1.0\r\nHost: test\r\n\r\n');
    assert.deepEqual(response.interim, []);
    assert.equal(response.body, 'ok');
  });

  test('hop-by-hop headers of a 1xx end here too', async t => {
    const upstream = await RawUpstream.start(
      t,
      answering(
        `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-Accel-Redirect: /x\r\n\r\n${answer()}`,
      ),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const { interim } = await proxy.get('/volume');
    assert.deepEqual(interim[0]?.headers, [['Link', '</a>']]);
  });

  test('an upstream that dies between a 1xx and its response gets the client 502', async t => {
    const upstream = await RawUpstream.start(t, request => request.connection.finish(EARLY_HINTS));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const response = await proxy.get('/volume');
    assert.equal(response.interim[0]?.status, 103);
    assert.equal(response.status, 502);
  });
});
