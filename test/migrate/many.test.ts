/** A dump of 500 Ingresses, as kubectl writes it: each kind among them gets the verdict that it gets alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatYaml } from '../../src/formats/yaml.ts';
import { findController } from '../../src/migrate/controller.ts';
import { Dump } from '../../src/migrate/dump.ts';
import { migrate } from '../../src/migrate/migrate.ts';
import { readDump } from '../../src/migrate/read-dump.ts';
import type { Silence, Verdict } from '../../src/migrate/report.ts';
import { type IngressFields, ingress, NO_CHOICE } from './dumps.ts';

interface Sort extends IngressFields {
  readonly verdict: Verdict;
  readonly silences?: readonly Silence['kind'][];
}

/** Each with a host of its own for every Ingress. */
const SORTS: Readonly<Record<string, Sort>> = {
  plain: { verdict: 'works' },
  timeouts: { verdict: 'works', annotations: { 'proxy-read-timeout': '3600', 'proxy-body-size': '8m' } },
  misread: { verdict: 'works', annotations: { 'proxy-read-timeout': '3600s' } },
  redirect: { verdict: 'works', annotations: { 'permanent-redirect': 'https://example.com/' } },
  dropping: {
    ...{ verdict: 'differs', annotations: { 'rewrite-target': '/' }, paths: { '/app': 'web' } },
    silences: ['PathDropped'],
  },
  stripping: { verdict: 'differs', annotations: { 'rewrite-target': '/$2' }, paths: { '/app(/|$)(.*)': 'web' } },
  cors: { verdict: 'differs', annotations: { 'enable-cors': 'true' } },
  dead: { verdict: 'works', annotations: { 'secure-backends': 'true' } },
  nameless: { verdict: 'works', tls: [{ hosts: ['HOST'] }], silences: ['FakeCertificate'] },
  malicious: { verdict: 'refused', paths: { '/etc/passwd': 'web' } },
};

const COUNT = 500;

function nameOf(index: number): string {
  const names = Object.keys(SORTS);
  return `${names[index % names.length]}-${index}`;
}

function sortOf(name: string): Sort {
  const sort = SORTS[name.split('-')[0] ?? ''];
  assert.ok(sort !== undefined, name);
  return sort;
}

function objects(): object[] {
  const ingresses = Array.from({ length: COUNT }, (_, index) => {
    const host = `host-${index}.example.com`;
    const name = nameOf(index);
    const { tls, ...fields } = sortOf(name);
    return ingress(`team-${index % 20}/${name}`, { ...fields, host, ...(tls && { tls: [{ hosts: [host] }] }) });
  });
  const services = Array.from({ length: 20 }, (_, index) => ({
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: `team-${index}` } },
    spec: { clusterIP: `10.96.1.${index}`, ports: [{ name: 'http', port: 80 }] },
  }));
  return [...ingresses, ...services];
}

for (const [form, write] of [
  ['YAML', formatYaml],
  ['JSON', JSON.stringify],
] as const) {
  test(`500 Ingresses in ${form} get their verdicts`, () => {
    const dump = new Dump();
    readDump(write({ apiVersion: 'v1', kind: 'List', items: objects() }), 'dump', dump);
    const { ingresses, notes, isLossy } = migrate(dump, findController(dump, NO_CHOICE));
    assert.equal(ingresses.length, COUNT);
    assert.equal(notes.length, 1, notes.join('\n'));
    for (const { name, verdict, silences } of ingresses) {
      const sort = sortOf(name);
      assert.equal(verdict, sort.verdict, name);
      assert.deepEqual(
        silences.map(({ kind }) => kind),
        sort.silences ?? (verdict === 'refused' ? silences.map(({ kind }) => kind) : []),
        name,
      );
    }
    assert.equal(isLossy, true);
  });
}
