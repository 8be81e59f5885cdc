import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Certificate } from '../../src/model/certificate.ts';
import { eventually } from '../support/eventually.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { selfSigned } from '../support/self-signed.ts';
import { certificateOf } from '../support/tls-names.ts';

const GET = 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n';
const PAIR = selfSigned({ names: ['*.many.example'] });
/** A worker keeps the contexts of so many certificates. */
const KEPT = 128;

/** One for each name; what is in them makes no difference here. */
function certificatesFor(names: readonly string[]): Certificate[] {
  const certificate = certificateOf(PAIR);
  return names.map(name => ({ ...certificate, id: name }));
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`connections and sessions of ${version} go on when many other certificates were asked for since`, async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, 'wire', {
      routes: [{ path: '/volume', to: upstream }],
      tls: { certificate: selfSigned() },
    });
    const names = Array.from({ length: KEPT + 1 }, (_, index) => `h${index}.many.example`);
    const certificates = certificatesFor(names);
    proxy.state.tlsHosts.apply({
      certificates: { upserts: certificates, removals: [] },
      hosts: { upserts: certificates.map(({ id }) => ({ host: id, certificate: id })), removals: [] },
    });
    const own = { servername: 'h0.many.example', minVersion: version, maxVersion: version };
    const kept = await proxy.connectTls(own);
    await kept.send(GET);
    assert.equal((await kept.response()).status, 200);
    await eventually('a session', () => kept.session !== undefined);
    const { session } = kept;
    for (const servername of names.slice(1)) (await proxy.connectTls({ servername })).destroy();
    await kept.send(GET);
    assert.equal((await kept.response()).status, 200);
    const resumed = await proxy.connectTls({ ...own, ...(session && { session }) });
    assert.equal(resumed.tls.isSessionReused(), true);
    await resumed.send(GET);
    assert.equal((await resumed.response()).status, 200);
  });
}
