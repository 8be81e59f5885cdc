import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TlsHosts } from '../../../../src/dataplane/transport/tls/tls-hosts.ts';
import { type Certificate, PrivateKey } from '../../../../src/model/certificate.ts';
import type { TlsChanges } from '../../../../src/model/delta.ts';
import { SharedText } from '../../../../src/model/shared-text.ts';
import type { TlsHost } from '../../../../src/model/tls-host.ts';

const NOTHING: TlsChanges = { certificates: { upserts: [], removals: [] }, hosts: { upserts: [], removals: [] } };

function certificate(id: string): Certificate {
  return { id, chain: SharedText.of(`chain of ${id}`), key: new PrivateKey(`key of ${id}`) };
}

function hostsWith(upserts: readonly TlsHost[], certificates: readonly Certificate[] = []): TlsHosts {
  const hosts = new TlsHosts();
  hosts.apply({ certificates: { upserts: certificates, removals: [] }, hosts: { upserts, removals: [] } });
  return hosts;
}

test('a name gets its own host before a wildcard', () => {
  const hosts = hostsWith([{ host: '*.example' }, { host: 'a.example' }]);
  assert.equal(hosts.lookup('a.example')?.host.host, 'a.example');
  assert.equal(hosts.lookup('b.example')?.host.host, '*.example');
  assert.equal(hosts.size, 2);
});

test('a wildcard takes exactly one label', () => {
  const hosts = hostsWith([{ host: '*.example' }]);
  for (const name of ['example', 'a.b.example', '.a.example', 'example.', 'a.example.', '']) {
    assert.equal(hosts.lookup(name), undefined, name);
  }
});

test('no name is taken for a wildcard that has no dot behind its star', () => {
  const hosts = hostsWith([{ host: '*' }]);
  for (const name of ['', 'a', 'localhost', 'a.example']) assert.equal(hosts.lookup(name), undefined, name);
});

test('a renewed certificate serves its hosts from then on, and the old one is forgotten', () => {
  const [first, second] = [certificate('1'), certificate('2')];
  const hosts = hostsWith([{ host: 'a.example', certificate: '1' }], [first]);
  assert.equal(hosts.lookup('a.example')?.certificate, first);
  hosts.apply({
    certificates: { upserts: [second], removals: ['1'] },
    hosts: { upserts: [{ host: 'a.example', certificate: '2' }], removals: [] },
  });
  assert.equal(hosts.lookup('a.example')?.certificate, second);
  hosts.apply({ ...NOTHING, hosts: { upserts: [{ host: 'a.example', certificate: '1' }], removals: [] } });
  assert.equal(hosts.lookup('a.example')?.certificate, undefined);
});

test('a host that goes leaves its names to the wildcard', () => {
  const hosts = hostsWith([{ host: '*.example' }, { host: 'a.example' }]);
  hosts.apply({ ...NOTHING, hosts: { upserts: [], removals: ['a.example'] } });
  assert.equal(hosts.lookup('a.example')?.host.host, '*.example');
  hosts.apply({ ...NOTHING, hosts: { upserts: [], removals: ['*.example'] } });
  assert.equal(hosts.lookup('a.example'), undefined);
  assert.equal(hosts.size, 0);
});
