/** What a scanner of TLS would find: which versions and ciphers are taken, asked one by one by `openssl s_client`. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { needs, pathOf } from '../support/installed.ts';
import { runClient, scene } from './scene.ts';

/** Mozilla's intermediate list, as far as a certificate with an ECDSA key goes. */
const TLS_1_2_CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
];
const TLS_1_3_CIPHERS = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** Whatever this openssl can be made to offer. */
const ANYTHING = '@SECLEVEL=0';

test('TLS is taken as Mozilla recommends it', { ...needs('openssl'), timeout: 600_000 }, async t => {
  const { https } = await scene(t);
  const openssl = pathOf('openssl');
  const connect = `localhost:${new URL(https).port}`;
  const isTaken = async (...args: readonly string[]): Promise<boolean> => {
    const command = ['s_client', '-connect', connect, '-servername', 'localhost', ...args];
    const running = promisify(execFile)(openssl, command, { timeout: 300_000 });
    running.child.stdin?.end();
    const { stdout } = await running.catch((failed: { stdout: string }) => failed);
    return /^(?:New|Reused), TLSv1/m.test(stdout);
  };
  const taken = async (ciphers: readonly string[], args: (cipher: string) => readonly string[]): Promise<string[]> => {
    const found: string[] = [];
    for (const cipher of ciphers) if (await isTaken(...args(cipher))) found.push(cipher);
    return found.sort();
  };

  await t.test('versions', async () => {
    const versions = ['-tls1', '-tls1_1', '-tls1_2', '-tls1_3'];
    assert.deepEqual(await taken(versions, version => [version, '-cipher', `ALL:${ANYTHING}`]), ['-tls1_2', '-tls1_3']);
  });

  await t.test('ciphers of TLS 1.2', async () => {
    const all = await runClient(openssl, ['ciphers', '-s', '-tls1_2', `ALL:COMPLEMENTOFALL:${ANYTHING}`]);
    const ciphers = all.trim().split(':');
    assert.ok(ciphers.length > 50, 'enough are tried');
    assert.deepEqual(await taken(ciphers, cipher => ['-tls1_2', '-cipher', `${cipher}:${ANYTHING}`]), TLS_1_2_CIPHERS);
  });

  await t.test('ciphers of TLS 1.3', async () => {
    const ciphers = [...TLS_1_3_CIPHERS, 'TLS_AES_128_CCM_SHA256', 'TLS_AES_128_CCM_8_SHA256'];
    assert.deepEqual(await taken(ciphers, cipher => ['-tls1_3', '-ciphersuites', cipher]), TLS_1_3_CIPHERS);
  });

  await t.test('compression, renegotiation and protocols', async () => {
    assert.equal(await isTaken('-tls1_2', '-alpn', 'h2'), true);
    assert.equal(await isTaken('-alpn', 'http/1.1'), true);
    assert.equal(await isTaken('-alpn', 'spdy/3'), false, 'RFC 7301 section 3.2: no protocol in common');
    assert.equal(await isTaken('-legacy_server_connect', '-no_ticket'), true);
  });
});
