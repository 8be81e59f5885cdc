/** Upstreams by name: a name whose DNS servers do not answer must not hold up any other. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { SilentDns } from '../support/silent-dns.ts';
import { scratchDirectory } from './cli-fixture.ts';
import { ServingProgram } from './serve-fixture.ts';

/** Gives the program a resolv.conf of its own, in a mount namespace: the C library and c-ares read no other. */
const OWN_RESOLV_CONF = [
  'unshare',
  '--mount',
  '--map-root-user',
  'sh',
  '-c',
  'mount --bind "$0" /etc/resolv.conf && exec "$@"',
];

function mayMount(): boolean {
  return spawnSync('unshare', ['--mount', '--map-root-user', 'true']).status === 0;
}

function externalName(name: string, externalName: string, port: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, annotations: { 'kube-entry.io/path': `/${name}` } },
    spec: { type: 'ExternalName', externalName, ports: [{ port }] },
  };
}

for (const engine of ['wire', 'node']) {
  test(`${engine}: a name that does not resolve holds up no other`, {
    skip: mayMount() ? false : 'unshare --mount is not allowed here',
  }, async t => {
    const upstream = await RawUpstream.start(t, answering(answer('good', 'Connection: close\r\n')));
    const dns = await SilentDns.start(t, { 'good.example': '127.0.0.1' });
    const resolvConf = join(await scratchDirectory(t), 'resolv.conf');
    await writeFile(resolvConf, dns.resolvConf);
    const { port } = upstream.address;
    const program = await ServingProgram.start(t, {
      wrapper: [...OWN_RESOLV_CONF, resolvConf],
      manifests: [externalName('slow', 'slow.example', port), externalName('good', 'good.example', port)],
      args: ['--allow-external-name', '--engine', engine, '--proxy-connect-timeout', '10m'],
    });
    const waiting = await Promise.all(Array.from({ length: 8 }, () => program.connect()));
    for (const client of waiting) await client.send('GET /slow HTTP/1.1\r\nHost: test\r\n\r\n');
    await eventually('the silent name to be asked for', () => dns.asked.includes('slow.example'));
    // Every one of these makes a connection of its own. With the connect timeout of this test, none would ever be answered.
    for (let count = 0; count < 8; count += 1) assert.equal((await program.get('/good')).body, 'good');
    for (const client of waiting) assert.equal(client.unread, '');
    assert.equal(upstream.connections.length, 8);
    // A worker asks for A and AAAA once, and the answer is valid for 30 s.
    assert.ok(dns.asked.filter(name => name === 'good.example').length <= 2 * 2, dns.asked.join());
  });
}
