import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs, pathOf } from '../support/installed.ts';
import { LARGE, received, runClient, scene } from './scene.ts';

test('nghttp and h2load are served', { ...needs('nghttp', 'h2load'), timeout: 600_000 }, async t => {
  const { http, https, folder } = await scene(t);
  const upload = join(folder, 'upload');
  await writeFile(upload, LARGE);
  for (const [name, origin] of [
    ['without TLS', http],
    ['over TLS', https],
  ] as const) {
    await t.test(`nghttp ${name}`, async () => {
      const nghttp = (...args: readonly string[]): Promise<string> =>
        runClient(pathOf('nghttp'), ['--no-verify-peer', ...args]);
      assert.equal(await nghttp(`${origin}/hello`), 'hello');
      assert.equal(await nghttp('--data', upload, `${origin}/echo`), received({ method: 'POST' }, LARGE));
      // Padding, a header that needs CONTINUATION, and small windows.
      assert.equal(await nghttp('--padding=100', '--continuation', `${origin}/hello`), 'hello');
      assert.equal(await nghttp('--window-bits=10', `${origin}/large`), LARGE.toString('latin1'));
      const trailer = await nghttp('--verbose', '--data', upload, '--trailer=x-sent: behind', `${origin}/echo`);
      assert.match(trailer, /x-trailer: behind/);
    });
    await t.test(`h2load ${name}`, async () => {
      const load = await runClient(pathOf('h2load'), ['-n', '3000', '-c', '10', '-m', '30', `${origin}/hello`]);
      assert.match(load, /3000 succeeded, 0 failed, 0 errored, 0 timeout/);
      const large = await runClient(pathOf('h2load'), ['-n', '60', '-c', '3', '-m', '10', `${origin}/large`]);
      assert.match(large, /60 succeeded, 0 failed, 0 errored, 0 timeout/);
    });
  }
});
