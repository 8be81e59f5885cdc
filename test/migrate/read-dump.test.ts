/** What dumps of kubectl hold, in all the forms that it writes, and what of them is passed over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dump } from '../../src/migrate/dump.ts';
import { readDump } from '../../src/migrate/read-dump.ts';

const INGRESS = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'web', namespace: 'shop', annotations: { a: 'b' } },
  spec: { rules: [{ host: 'shop.example.com' }] },
};

function dumpOf(text: string): Dump {
  const dump = new Dump();
  readDump(text, 'dump.yaml', dump);
  return dump;
}

test('documents, Lists, lists of one kind, and JSON give the same', () => {
  const { kind: _, apiVersion: __, ...bare } = INGRESS;
  const texts = [
    `---\n${JSON.stringify(INGRESS)}\n---\n---\nkind: Namespace\napiVersion: v1\n`,
    `apiVersion: v1\nkind: List\nitems:\n- ${JSON.stringify(INGRESS)}\n`,
    `apiVersion: networking.k8s.io/v1\nkind: IngressList\nitems:\n- ${JSON.stringify(bare)}\n`,
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [INGRESS] }),
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'List', items: [INGRESS] }] }),
  ];
  for (const text of texts) {
    const dump = dumpOf(text);
    assert.deepEqual(dump.problems, [], text);
    assert.deepEqual([...dump.ingresses.keys()], ['shop/web'], text);
  }
});

test('what cannot be read is told, and the rest is read', () => {
  const dump = dumpOf(
    [
      JSON.stringify({ ...INGRESS, spec: { rules: 'none' } }),
      JSON.stringify({ ...INGRESS, apiVersion: 'extensions/v1beta1' }),
      'just text',
      '{}',
      'a: [',
      JSON.stringify({ ...INGRESS, metadata: { name: 'other' } }),
    ].join('\n---\n'),
  );
  assert.deepEqual([...dump.ingresses.keys()], ['default/other']);
  assert.match(dump.problems.join('\n'), /Ingress shop\/web cannot be read: spec\.rules must be a list/);
  assert.match(
    dump.problems.join('\n'),
    /extensions\/v1beta1 Ingress, which no cluster has served since Kubernetes 1\.22/,
  );
  assert.match(dump.problems.join('\n'), /a document is no Kubernetes object/);
  assert.match(dump.problems.join('\n'), /an object has no kind/);
  assert.match(dump.problems.join('\n'), /^dump\.yaml:\d+: /m);
});

test('problems are as many as a person reads, and hold no key', () => {
  const secret = 'c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0';
  const dump = dumpOf(`kind: Secret\napiVersion: v1\ndata:\n  tls.key: "${secret}\n`);
  assert.ok(dump.problems.length > 0);
  assert.ok(!dump.problems.join('\n').includes(secret));
  const many = dumpOf('- 1\n---\n'.repeat(5_000));
  assert.ok(many.problems.length <= 101, String(many.problems.length));
});

test('hostile dumps end with a problem', () => {
  const bomb = `a: &a [x]\n${Array.from({ length: 30 }, (_, index) => `b${index}: [*a, *a]`).join('\n')}\n`;
  for (const text of [bomb, '['.repeat(10_000), `${'{"a":'.repeat(1_000)}1`, '{"items":[', '\0', '{'.repeat(300)]) {
    const dump = dumpOf(text);
    assert.ok(dump.problems.length > 0, text.slice(0, 20));
    assert.equal(dump.ingresses.size, 0);
  }
});

test('a key __proto__ changes nothing', () => {
  const text = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"__proto__":"x"}}';
  const dump = dumpOf(text);
  assert.deepEqual([...(dump.configMaps.get('default/a')?.data ?? [])], [['__proto__', 'x']]);
});
