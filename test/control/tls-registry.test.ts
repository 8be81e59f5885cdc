import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settleHost, type TlsClaim } from '../../src/control/certificates/tls-claims.ts';
import { TlsRegistry } from '../../src/control/certificates/tls-registry.ts';
import { PrivateKey } from '../../src/model/certificate.ts';
import type { TlsChanges } from '../../src/model/delta.ts';
import { SharedText } from '../../src/model/shared-text.ts';
import fc from '../support/property.ts';

const certificate = (id: string) => ({
  id,
  chain: SharedText.of(`chain of ${id}`),
  key: new PrivateKey(`key of ${id}`),
});
const policy = (name: string) => ({ policy: name, mode: 'required' as const, ca: `ca of ${name}` });

function claim(name: string, age: number, fields: Partial<TlsClaim> = {}): TlsClaim {
  return {
    service: { namespace: 'default', name },
    createdAt: new Date(age).toISOString(),
    hosts: ['a.example'],
    certificate: undefined,
    clientCertificate: undefined,
    passthrough: undefined,
    ...fields,
  };
}

test('the older of two Services gives a host its certificate, and the other one is told', () => {
  const [old, young] = [
    claim('old', 1, { certificate: certificate('x') }),
    claim('young', 2, { certificate: certificate('y') }),
  ];
  const { host, conflicts } = settleHost('a.example', [young, old]);
  assert.deepEqual(host, { host: 'a.example', certificate: 'x' });
  assert.deepEqual(conflicts, [{ host: 'a.example', winner: old.service, loser: young.service, about: 'certificate' }]);
});

test('two Services with one certificate are no conflict, and a Secret that is missing takes no certificate away', () => {
  const same = [
    claim('old', 1, { certificate: certificate('x') }),
    claim('young', 2, { certificate: certificate('x') }),
  ];
  assert.deepEqual(settleHost('a.example', same).conflicts, []);
  const missing = [claim('old', 1), claim('young', 2, { certificate: certificate('x') })];
  const settled = settleHost('a.example', missing);
  assert.deepEqual([settled.host?.certificate, settled.conflicts], ['x', []]);
});

test('the oldest Service says what clients have to show, and whether bytes are passed through', () => {
  const [none, strict] = [
    claim('old', 1, { certificate: certificate('x') }),
    claim('young', 2, { clientCertificate: policy('p') }),
  ];
  assert.deepEqual(settleHost('a.example', [none, strict]).host, { host: 'a.example', certificate: 'x' });
  assert.deepEqual(
    settleHost('a.example', [none, strict]).conflicts.map(({ loser, about }) => [loser.name, about]),
    [['young', 'client-certificate']],
  );
  const raw = claim('older', 0, { passthrough: 'a cluster' });
  const settled = settleHost('a.example', [none, strict, raw]);
  assert.deepEqual(settled.host, { host: 'a.example', passthrough: 'a cluster' });
  assert.deepEqual(
    settled.conflicts.map(({ loser, about }) => [loser.name, about]),
    [
      ['old', 'passthrough'],
      ['young', 'passthrough'],
    ],
  );
});

/** What a worker has. */
class Worker {
  readonly certificates = new Set<string>();
  readonly hosts = new Map<string, unknown>();

  take({ certificates, hosts }: TlsChanges): void {
    for (const { id } of certificates.upserts) {
      assert.ok(!this.certificates.has(id), `${id} comes twice`);
      this.certificates.add(id);
    }
    for (const host of hosts.upserts) {
      assert.notDeepEqual(this.hosts.get(host.host), host, 'it has changed');
      assert.ok(host.certificate === undefined || this.certificates.has(host.certificate));
      this.hosts.set(host.host, host);
    }
    for (const host of hosts.removals) assert.ok(this.hosts.delete(host));
    for (const id of certificates.removals) assert.ok(this.certificates.delete(id));
  }
}

test('what is sent change by change is what all claims lead to, and no certificate is left over', () => {
  const fields = fc.record({
    hosts: fc.uniqueArray(fc.constantFrom('a.example', 'b.example', '*.example')),
    certificate: fc.option(fc.constantFrom('x', 'y').map(certificate), { nil: undefined }),
    clientCertificate: fc.option(fc.constantFrom('p', 'q').map(policy), { nil: undefined }),
    passthrough: fc.option(fc.constant('a cluster'), { nil: undefined }),
  });
  const step = fc.tuple(fc.constantFrom('one', 'two', 'three'), fc.option(fields, { nil: undefined }), fc.boolean());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), steps => {
      const registry = new TlsRegistry();
      const worker = new Worker();
      const clusters = { uses: 0 };
      const commit = (): void => {
        const { changes, come, gone } = registry.commit();
        if (changes !== undefined) worker.take(changes);
        clusters.uses += come.length - gone.length;
      };
      const claims = new Map<string, TlsClaim>();
      for (const [name, asked, isCommitted] of steps) {
        const now = asked && claim(name, name.length, asked);
        registry.set(name, now);
        if (now === undefined) claims.delete(name);
        else claims.set(name, now);
        if (isCommitted) commit();
      }
      commit();
      const wanted = ['a.example', 'b.example', '*.example'].flatMap(
        name =>
          settleHost(
            name,
            [...claims.values()].filter(({ hosts }) => hosts.includes(name)),
          ).host ?? [],
      );
      assert.deepEqual(new Map(wanted.map(host => [host.host, host])), worker.hosts);
      assert.deepEqual(new Set(wanted.flatMap(host => host.certificate ?? [])), worker.certificates);
      assert.equal(clusters.uses, wanted.filter(({ passthrough }) => passthrough !== undefined).length);
    }),
  );
});
