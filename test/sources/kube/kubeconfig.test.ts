/** kubeconfigs with mistakes. The rules themselves are in test/kubeconfig. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { formatYaml } from '../../../src/formats/yaml.ts';
import { AccessProvider } from '../../../src/sources/kube/access.ts';
import { KubeError } from '../../../src/sources/kube/errors.ts';
import fc from '../../support/property.ts';

const folder = mkdtempSync(join(tmpdir(), 'kube-junk-'));
after(() => rmSync(folder, { recursive: true }));

const SECRET = 's3cret-s3cret';

const junk = fc.constantFrom(null, 7, true, '', [], {}, [null], 'a\u0000b', '\n', '__proto__', 'ü');

/** What a field that is needed should hold, or sometimes anything else. */
function most(...good: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 15, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: junk });
}

/** A field that is hardly ever there, and then holds what it should, or anything else. */
function or(...good: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 60, arbitrary: fc.constant(undefined) },
    { weight: 6, arbitrary: fc.constantFrom(...good) },
    { weight: 1, arbitrary: junk },
  );
}

const cluster = fc.record({
  server: most('https://127.0.0.1:1', 'https://[::1]:1', 'https://x/y/', 'ftp://x', 'https://', '127.0.0.1:6443'),
  'tls-server-name': or('x'),
  'insecure-skip-tls-verify': or(true, false),
  'certificate-authority': or('absent.crt'),
  'certificate-authority-data': or('QUFB', 'Q'),
  'proxy-url': or('http://127.0.0.1:1', 'socks5://127.0.0.1:1', 'http://'),
  extensions: or([], [{ name: 'client.authentication.k8s.io/exec', extension: 7 }]),
});

const exec = fc.record({
  command: or('absent-plugin', './absent'),
  args: or([], ['a']),
  env: or([], [{ name: 'A', value: 'b' }], [{ name: 'A=B', value: 'c\u0000' }]),
  apiVersion: or('client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'),
  interactiveMode: or('Never', 'IfAvailable'),
  provideClusterInfo: or(true),
  installHint: or('install it'),
});

const user = fc.record({
  token: or(SECRET, `${SECRET}\n`),
  tokenFile: or('absent'),
  username: or('u'),
  password: or(SECRET),
  'client-certificate-data': or('QUFB'),
  'client-key-data': or(Buffer.from(SECRET).toString('base64')),
  as: or('bob'),
  'as-uid': or('7'),
  'as-groups': or(['a'], ['a\nb']),
  'as-user-extra': or({ a: ['b'] }, { ' ': [''] }, { a: 'b' }),
  exec: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, exec, or({})),
  'auth-provider': or(undefined, { name: 'oidc', config: {} }, { name: 'oidc', config: { 'id-token': 'a.b.c' } }),
});

const kubeconfig = fc.record({
  clusters: fc.oneof(
    cluster.map(value => [{ name: 'k', cluster: value }]),
    or([]),
  ),
  users: fc.oneof(
    user.map(value => [{ name: 'k', user: value }]),
    or([]),
  ),
  contexts: most([{ name: 'k', context: { cluster: 'k', user: 'k' } }]),
  'current-context': most('k'),
});

describe('a kubeconfig', () => {
  it('of any content leads somewhere, or to an error that names the file and holds no secret', async () => {
    const file = join(folder, 'config');
    let uses = 0;
    await fc.assert(
      fc.asyncProperty(kubeconfig, async content => {
        writeFileSync(file, formatYaml(JSON.parse(JSON.stringify(content))));
        const access = new AccessProvider(
          { kubeconfig: file, context: '' },
          { environment: { PATH: process.env.PATH }, isTerminal: false },
        );
        try {
          const { options } = await access.get();
          assert.equal(typeof options, 'object');
          uses += 1;
        } catch (error) {
          assert.ok(error instanceof KubeError, String(error));
          assert.ok(!error.message.includes(SECRET), error.message);
        } finally {
          await access.close();
        }
      }),
      { numRuns: 300 },
    );
    assert.ok(uses > 0, 'some of them can be used');
  });

  it('of any text is read, or refused with the file', async () => {
    const file = join(folder, 'text');
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async text => {
        writeFileSync(file, text);
        const access = new AccessProvider({ kubeconfig: file, context: '' }, { environment: {} });
        await assert.rejects(
          access.get(),
          (error: unknown) => error instanceof KubeError && error.message.includes(file),
        );
      }),
      { numRuns: 200 },
    );
  });
});
