/** What of an HTTP/1.1 upstream's answer a client of HTTP/2 must never take for a whole answer, or for another one's. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FailureReason } from '../../src/failures/failures.ts';
import { type Fields, getFields, requestFields } from '../support/http2-fields.ts';
import { answering } from '../support/raw-upstream.ts';
import { scene } from './scene.ts';

const INTERNAL_ERROR = 2;
const SMUGGLED = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';

interface Cut {
  readonly what: string;
  readonly answer: string;
  readonly reason: FailureReason;
  /** Of the answer that the client saw begin. */
  readonly body: string;
}

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n';

const CUTS: readonly Cut[] = [
  { what: 'a chunk size that is none', answer: `${CHUNKED}x\r\n`, reason: 'response_chunk_malformed', body: 'abc' },
  { what: 'a chunk without its end', answer: `${CHUNKED}2\r\nabcd`, reason: 'response_chunk_malformed', body: 'abcab' },
];

interface Refused {
  readonly what: string;
  readonly answer: string;
}

const REFUSED: readonly Refused[] = [
  { what: '101 that nobody asked for', answer: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n' },
  { what: 'two lengths', answer: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc' },
  { what: 'a length that is none', answer: 'HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab' },
  { what: 'a NUL in a value', answer: 'HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 2\r\n\r\nab' },
  { what: 'a lone CR in a value', answer: 'HTTP/1.1 200 OK\r\nX-A: b\rX-B: c\r\nContent-Length: 2\r\n\r\nab' },
  { what: 'a space in a name', answer: 'HTTP/1.1 200 OK\r\nX A: b\r\nContent-Length: 2\r\n\r\nab' },
];

describe('HTTP/1.1 to HTTP/2', { concurrency: 6, timeout: 600_000 }, () => {
  for (const { what, answer, reason, body } of CUTS) {
    it(`a body with ${what} is reset, never ended, and its upstream connection ends`, async t => {
      const { client, upstream, proxy } = await scene(t, { upstream: answering(answer) });
      const id = client.request(getFields('/volume'), '');
      assert.equal(await client.resetOf(id), INTERNAL_ERROR);
      assert.deepEqual([client.stream(id).body, client.stream(id).isEnded], [body, false]);
      assert.equal((await proxy.logged(1))[0]?.reason, reason);
      await upstream.connections[0]?.closed();
      assert.equal(proxy.keptBytes, 0);
    });
  }

  for (const { what, answer } of REFUSED) {
    it(`an answer with ${what} is 502, and its upstream connection ends`, async t => {
      const { client, upstream } = await scene(t, { upstream: answering(answer) });
      assert.equal((await client.exchange(getFields('/volume'))).status, 502);
      for (const connection of upstream.connections) await connection.closed();
    });
  }

  it('bytes behind an answer belong to no later request', async t => {
    const rows: readonly (readonly [method: string, answer: string])[] = [
      ['HEAD', `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${SMUGGLED}`],
      ['GET', `HTTP/1.1 204 No Content\r\n\r\n${SMUGGLED}`],
      ['GET', `HTTP/1.1 304 Not Modified\r\n\r\n${SMUGGLED}`],
      ['GET', `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${SMUGGLED}`],
    ];
    for (const [method, answer] of rows) {
      const { client, upstream } = await scene(t, { upstream: answering(answer) });
      const first = await client.exchange(requestFields(method, '/volume'));
      assert.ok(!first.body.includes('evil'));
      await upstream.connections[0]?.closed();
      upstream.handler = answering();
      assert.equal((await client.exchange(getFields('/volume'))).body, 'ok');
      assert.equal(upstream.connections.length, 2);
    }
  });

  it('names are in lower case, and no field of the connection is passed on', async t => {
    const hop: Fields = ['Proxy-Connection', 'Keep-Alive', 'Upgrade', 'X-Hop'].map(name => [name, 'evil']);
    const lines = hop.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const { client } = await scene(t, {
      upstream: answering(
        `HTTP/1.1 200 OK\r\nConnection: x-hop\r\n${lines}X-CASE: Kept\r\nContent-Length: 2\r\n\r\nok`,
      ),
    });
    const { fields } = await client.exchange(getFields('/volume'));
    assert.deepEqual(
      fields.filter(([name, value]) => value === 'evil' || name !== name.toLowerCase()),
      [],
    );
    assert.ok(fields.some(([name, value]) => name === 'x-case' && value === 'Kept'));
  });
});
