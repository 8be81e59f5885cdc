/** Go's net/http: see ../assets/http2/client. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { http2Program, needsHttp2Program } from '../support/http2-assets.ts';
import { received, runClient, scene } from './scene.ts';

const REQUESTS = 20;

test("Go's client is served", { ...needsHttp2Program('client'), timeout: 600_000 }, async t => {
  const { http, https } = await scene(t);
  for (const [name, protocol, origin, spoken] of [
    ['HTTP/1.1', 'http1', http, 'HTTP/1.1'],
    ['HTTP/2 by prior knowledge', 'h2c', http, 'HTTP/2.0'],
    ['HTTP/1.1 over TLS', 'http1', https, 'HTTP/1.1'],
    ['HTTP/2 over TLS', 'http2', https, 'HTTP/2.0'],
  ] as const) {
    await t.test(name, async () => {
      const output = await runClient(http2Program('client'), [protocol, `${origin}/echo`]);
      const results = output
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as object);
      const expected = Array.from({ length: REQUESTS }, (_, number) => {
        const hasBody = number % 2 === 1;
        const body = Buffer.alloc(hasBody ? 1000 * number * number : 0, 'a'.charCodeAt(0) + number);
        const Body = received({ method: hasBody ? 'POST' : 'GET' }, body);
        return { Proto: spoken, Status: 200, Body, Trailer: 'behind', Error: '' };
      });
      assert.deepEqual(results, expected);
    });
  }
});
