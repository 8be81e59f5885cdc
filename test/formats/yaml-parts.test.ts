/** Dumps of kubectl are read object by object, and mean what they mean as one document. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYamlDocuments } from '../../src/formats/yaml.ts';
import { yamlParts } from '../../src/formats/yaml-parts.ts';

const DUMP = `apiVersion: v1
items:
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: first
  data:
    script: |
      #!/bin/sh
      - no item
      items:

      kind: List
    folded: "a
      b"
# a comment
- kind: Second
  list:
  - a
  - - b
- third
- {kind: Fourth}
kind: List
metadata:
  resourceVersion: ""
`;

const ITEMS = [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'first' },
    data: { script: '#!/bin/sh\n- no item\nitems:\n\nkind: List\n', folded: 'a b' },
  },
  { kind: 'Second', list: ['a', ['b']] },
  'third',
  { kind: 'Fourth' },
];

test('the items of a List are documents, with the lines that they have in the whole', () => {
  const { documents, problems } = parseYamlDocuments(DUMP);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    documents.map(({ value }) => value),
    ITEMS,
  );
  assert.deepEqual(
    documents.map(({ line }) => line),
    [3, 17, 21, 22],
  );
  assert.equal(documents[0]?.lineOf(['data', 'folded']), 14);
});

test('several Lists, indented ones, and other documents beside them are read, too', () => {
  const indented = 'kind: List\napiVersion: v1\nmetadata: {}\nitems:\n  - a: 1\n    b: 2\n  - c: 3\n';
  const { documents, problems } = parseYamlDocuments(`---\n${DUMP}---\nkind: Other\n--- # next\n${indented}`);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    documents.map(({ value }) => value),
    [...ITEMS, { kind: 'Other' }, { a: 1, b: 2 }, { c: 3 }],
  );
  const lines = `---\n${DUMP}---\nkind: Other\n--- # next\n${indented}`.split('\n');
  assert.equal(lines[(documents.at(-1)?.line ?? 0) - 1], '  - c: 3');
});

test('what is no List of kubectl is one part', () => {
  for (const text of [
    'a: 1\n---\nb: 2\n',
    'items:\n- a\n',
    'kind: List\nitems: [a, b]\n',
    'kind: List\nitems:\n- a\nother: 1\n',
    'kind: ListOfThings\nitems:\n- a\n',
    `%YAML 1.2\n---\n${DUMP}`,
    `${DUMP}...\n`,
    'data: |\n  items:\n  - a\n  kind: List\n',
  ]) {
    assert.deepEqual(yamlParts(text), [{ text, line: 1 }], text);
  }
});

test('a problem of one item is told at its line, and the others are read', () => {
  const text = 'kind: List\nitems:\n- a: 1\n- b: "x\n- c: 3\n';
  const { documents, problems } = parseYamlDocuments(text);
  assert.deepEqual(
    documents.map(({ value }) => value),
    [{ a: 1 }, { c: 3 }],
  );
  assert.ok(problems.length > 0 && problems.every(({ line }) => line === 4 || line === 5), JSON.stringify(problems));
});

test('a dump of a thousand objects is read, and one that would take too long is not', () => {
  const item =
    '- kind: Ingress\n  metadata: {name: x, labels: {a: b, c: d, e: f, g: h}}\n  spec: {rules: [{host: a}, {host: b}, {host: c}]}\n';
  const list = (count: number): string => `apiVersion: v1\nitems:\n${item.repeat(count)}kind: List\n`;
  const read = parseYamlDocuments(list(4_000));
  assert.deepEqual([read.documents.length, read.problems], [4_000, []]);
  const { problems } = parseYamlDocuments(list(40_000));
  assert.match(problems[0]?.reason ?? '', /more than 1000000 tokens/);
});
