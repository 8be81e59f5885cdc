import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs, pathOf } from '../support/installed.ts';
import { LARGE, received, runClient, scene } from './scene.ts';

/** What curl is asked to speak, and what it says that it spoke. */
const PROTOCOLS = [
  { name: 'HTTP/1.1', args: ['--http1.1'], isTls: false, version: '1.1' },
  { name: 'HTTP/2 by prior knowledge', args: ['--http2-prior-knowledge'], isTls: false, version: '2' },
  // RFC 9113 section 3.1: the upgrade to h2c is obsolete.
  { name: 'HTTP/1.1 with an offer of h2c', args: ['--http2'], isTls: false, version: '1.1' },
  { name: 'HTTP/1.1 over TLS', args: ['--http1.1'], isTls: true, version: '1.1' },
  { name: 'HTTP/2 over TLS', args: ['--http2'], isTls: true, version: '2' },
] as const;

test('curl is served', { ...needs('curl'), timeout: 600_000 }, async t => {
  const { http, https, certificate, folder } = await scene(t);
  const upload = join(folder, 'upload');
  await writeFile(upload, LARGE);
  for (const { name, args, isTls, version } of PROTOCOLS) {
    await t.test(name, async () => {
      const curl = (path: string, ...more: readonly string[]): Promise<string> => {
        const common = ['--silent', '--show-error', '--fail', '--cacert', certificate, ...args, ...more];
        const url = `${isTls ? https : http}${path}`;
        return runClient(pathOf('curl'), [...common, '--write-out', ' %{http_version}\n', url]);
      };
      assert.equal(await curl('/hello'), `hello ${version}\n`);
      assert.equal(await curl('/large'), `${LARGE.toString('latin1')} ${version}\n`);
      const expected = `${received({ method: 'POST' }, LARGE)} ${version}\n`;
      assert.equal(await curl('/echo', '--data-binary', `@${upload}`), expected);
      const withoutLength = ['--header', 'Transfer-Encoding: chunked', '--data-binary', `@${upload}`];
      assert.equal(await curl('/echo', ...withoutLength), expected);
      assert.match(await curl('/large', '--head'), new RegExp(`^content-length: ${LARGE.length}\r$`, 'im'));
      // With prior knowledge, curl 7.88 fails at this with nginx and node:http2, too.
      if (args[0] === '--http2-prior-knowledge') return;
      const many = await curl('/hello?[1-50]', '--parallel', '--parallel-max', '50');
      assert.equal(many.replaceAll(/hello| |\n/g, ''), version.repeat(50));
    });
  }
});
