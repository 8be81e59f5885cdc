import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../src/errors.ts';
import { formatYaml, parseYaml, parseYamlDocuments } from '../../src/formats/yaml.ts';
import fc from '../support/property.ts';

test('a stream of documents is read with the line of each and of what is in it', () => {
  const { documents, problems } = parseYamlDocuments(`# a comment first

kind: Service
metadata:
  annotations:
    a: "1"
    b: >-
      folded
spec: {ports: [
  {port: 80},
  {port: 81}]}
---
kind: Other
`);
  assert.deepEqual(problems, []);
  assert.equal(documents.length, 2);
  const [first, second] = documents;
  assert.deepEqual(second?.value, { kind: 'Other' });
  assert.deepEqual([first?.line, second?.line], [3, 13]);
  const table: [path: (string | number)[], line: number][] = [
    [[], 3],
    [['kind'], 3],
    [['metadata', 'annotations', 'a'], 6],
    [['metadata', 'annotations', 'b'], 7],
    [['spec', 'ports', 1, 'port'], 11],
    // What is not there has the line of what should hold it.
    [['spec', 'ports', 7, 'port'], 9],
    [['status', 'loadBalancer'], 3],
  ];
  for (const [path, line] of table) assert.equal(first?.lineOf(path), line, path.join('.'));
});

test('empty documents are left out', () => {
  for (const text of ['', '\n', '# only a comment\n', '---\n---\n', '---\n# nothing\n...\n', 'null\n', '~\n---\n']) {
    assert.deepEqual(parseYamlDocuments(text), { documents: [], problems: [] }, JSON.stringify(text));
  }
  assert.equal(parseYamlDocuments('---\na: 1\n---\n').documents.length, 1);
});

test('every problem of a stream has its line, and the sound documents are read', () => {
  const { documents, problems } = parseYamlDocuments('a: 1\na: 2\n---\nb: 1\n---\nc: [1\nd: e: f\n');
  assert.deepEqual(
    documents.map(({ value }) => value),
    [{ b: 1 }],
  );
  assert.equal(problems[0]?.line, 2);
  assert.ok(problems.slice(1).length > 0);
  assert.ok(problems.slice(1).every(({ line }) => line >= 6));
  assert.ok(problems.every(({ reason }) => reason !== '' && !reason.includes('\n')));
});

test('aliases that multiply are refused, a few are not', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const name of ['b', 'c', 'd', 'e', 'f']) {
    const previous = String.fromCharCode(name.charCodeAt(0) - 1);
    bomb.push(`${name}: &${name} [${Array(9).fill(`*${previous}`).join(', ')}]`);
  }
  const { documents, problems } = parseYamlDocuments(bomb.join('\n'));
  assert.deepEqual(documents, []);
  assert.match(problems[0]?.reason ?? '', /alias/i);
  assert.throws(() => parseYaml(bomb.join('\n')), FormatError);
  assert.deepEqual(parseYamlDocuments('a: &a {x: 1}\nb: *a\n').documents[0]?.value, { a: { x: 1 }, b: { x: 1 } });
});

test('deep nesting ends in a problem, not in a crash', () => {
  assert.ok(parseYamlDocuments('['.repeat(20_000)).problems.length > 0);
});

test('timestamps stay texts, and yes and no too', () => {
  assert.deepEqual(parseYaml('at: 2020-01-01T00:00:00Z\nyes: no\n'), { at: '2020-01-01T00:00:00Z', yes: 'no' });
});

test('a single document that cannot be read is refused with line and reason, on one line', () => {
  for (const [text, line] of [
    ['a: 1\nb: c: d\n', 2],
    ['a: 1\na: 1\n', 2],
    ['a: 1\n---\nb: 2\n', 3],
  ] as const) {
    assert.throws(
      () => parseYaml(text),
      (error: unknown) => error instanceof FormatError && new RegExp(`^line ${line}: [^\n]+$`).test(error.message),
      text,
    );
  }
});

test('an empty text is an empty document', () => {
  assert.equal(parseYaml('# nothing\n'), null);
  assert.equal(parseYaml(''), null);
});

test('what is written can be read back', () => {
  const value = fc.dictionary(
    fc.string({ minLength: 1 }),
    fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string())),
  );
  fc.assert(fc.property(value, written => assert.deepEqual(parseYaml(formatYaml(written)), { ...written })));
});

test('YAML holds nothing that a terminal would obey, and reads back the same', () => {
  const hostile = [
    '\x1b[2J',
    'a\x9bb',
    '\u202e',
    'one\ntwo\x07\nthree',
    '\u2028',
    '\x7f',
    '\u{e0041}',
    'tab\there',
    '漢字',
  ];
  for (const text of hostile) {
    const written = formatYaml({ [text]: [text] });
    assert.doesNotMatch(written.replaceAll(/[\t\n]/g, ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, JSON.stringify(written));
    assert.deepEqual(parseYaml(written), { [text]: [text] });
  }
});

test('a stream that would take too much to read ends with a problem that says where and why', () => {
  const rows: [text: string, line: number, reason: RegExp][] = [
    [`[${'a,\n'.repeat(100_000)}]`, 50_000, /^this document has more than 200000 tokens: write several documents/],
    [`- &a b\n${'- *a\n'.repeat(21)}`, 22, /^this document has more than 20 aliases up to here$/],
    ['['.repeat(201), 1, /^more than 200 levels deep$/],
    ['- '.repeat(201), 1, /^more than 200 levels deep$/],
    ['---\n'.repeat(20_002), 20_002, /^more than 20000 documents up to here: write several files$/],
    [`---\n[${'a,'.repeat(60_000)}]\n`.repeat(6), 12, /^more than 1000000 tokens up to here: write several files$/],
    [']'.repeat(1000), 1, /^100 problems up to here: the rest is not read$/],
  ];
  for (const [text, line, reason] of rows) {
    const problem = parseYamlDocuments(text).problems.at(-1);
    assert.match(problem?.reason ?? '', reason);
    assert.equal(problem?.line, line, text.slice(0, 20));
  }
});

test('the documents before one that takes too much are read', () => {
  const { documents } = parseYamlDocuments(`a: 1\n---\nb: 2\n---\n${'['.repeat(201)}`);
  assert.deepEqual(
    documents.map(({ value }) => value),
    [{ a: 1 }, { b: 2 }],
  );
});
