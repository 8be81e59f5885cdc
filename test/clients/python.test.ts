/** Python's httpx, whose HTTP/2 is hyper-h2: one of the strictest. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { LARGE, PIECES, received, runClient, scene } from './scene.ts';

/** Debian's: the packages belong to it. */
const PYTHON = '/usr/bin/python3';
const hasPackages = spawnSync(PYTHON, ['-c', 'import httpx, h2']).status === 0;
const skip =
  !hasPackages && 'no httpx and h2 (Debian: apt-get install --no-install-recommends python3-httpx python3-h2)';

test("Python's httpx is served", { skip, timeout: 600_000 }, async t => {
  const { http, https, certificate } = await scene(t);
  for (const [name, protocol, origin, spoken] of [
    ['HTTP/1.1', 'http1', http, 'HTTP/1.1'],
    ['HTTP/2 by prior knowledge', 'http2', http, 'HTTP/2'],
    ['HTTP/1.1 over TLS', 'http1', https, 'HTTP/1.1'],
    ['HTTP/2 over TLS', 'http2', https, 'HTTP/2'],
  ] as const) {
    await t.test(name, async () => {
      const output = await runClient(PYTHON, [
        join(import.meta.dirname, 'httpx_client.py'),
        origin,
        protocol,
        certificate,
      ]);
      const echo = received({ method: 'POST' }, LARGE);
      const stream = Array.from({ length: PIECES }, (_, piece) => `piece ${piece}\n`).join('');
      const texts = ['hello', LARGE.length, echo, echo, stream, ...new Array(30).fill('hello')];
      assert.deepEqual(
        output
          .trim()
          .split('\n')
          .map(line => JSON.parse(line) as unknown),
        texts.map(text => [spoken, 200, text]),
      );
    });
  }
});
