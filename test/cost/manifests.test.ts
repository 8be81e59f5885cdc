import { describe, it } from 'node:test';
import { readManifestText } from '../../src/sources/manifest-file.ts';
import { assertAffordable } from './cost.ts';

/** A sixteenth of what a ConfigMap holds: enough to tell what grows faster than its size. */
const BYTES = 64 * 1024;

function filled(unit: string | ((index: number) => string), start = '', end = ''): string {
  const units: string[] = [];
  for (let length = start.length + end.length, index = 0; length < BYTES; index += 1) {
    const next = typeof unit === 'string' ? unit : unit(index);
    units.push(next);
    length += next.length;
  }
  return start + units.join('') + end;
}

const PLAIN = filled(
  index => `---
apiVersion: v1
kind: Service
metadata:
  name: web-${index}
  namespace: default
  annotations:
    kube-entry.io/path: /web-${index}
spec:
  type: ClusterIP
  clusterIP: 10.96.0.1
  ports:
  - name: http
    port: 80
    targetPort: 8080
`,
);

const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n';

const MANIFESTS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'a flow sequence': filled('a,', '['),
    'a flow sequence that ends': filled('a,', '[', ']'),
    'a flow sequence of mappings': filled('{},', '['),
    'commas in a flow sequence': filled(',', '['),
    'colons in a flow mapping': filled(':', '{'),
    'words without commas in a flow sequence': filled('a\n', '['),
    'open brackets': filled('['),
    'open braces': filled('{'),
    'closed brackets': filled(']'),
    'a block sequence': filled('- a\n'),
    'sequences in sequences': filled('- '),
    'keys in keys': filled('? '),
    'documents without content': filled('---\n'),
    'ends of documents': filled('...\n'),
    'documents that are no objects': filled('- a\n---\n'),
    'documents of errors': filled('a: b: c\n---\n'),
    'a mapping of different keys': filled(index => `k${index}: v\n`),
    'a flow mapping of different keys': filled(index => `k${index}: v, `, '{', '}'),
    'a mapping of the same key': filled('k: v\n'),
    'annotations of a Service': filled(index => `    kube-entry.io/a${index}: v\n`, `${SERVICE}  annotations:\n`),
    'Services in a List': filled(
      index => `- {apiVersion: v1, kind: Service, metadata: {name: a${index}}, spec: {}}\n`,
      'apiVersion: v1\nkind: List\nitems:\n',
    ),
    'items of a List that are no objects': filled('- a\n', 'apiVersion: v1\nkind: List\nitems:\n'),
    'Lists in Lists': filled('items: [{apiVersion: v1, kind: List, ', 'apiVersion: v1\nkind: List\n'),
    'blank lines': filled('\n', 'a: 1\n', 'b: 2\n'),
    blanks: filled(' ', 'a: 1\n', 'b: 2\n'),
    tabs: filled('\t', 'a: ', 'b'),
    comments: filled('# c\n', '', 'a: 1\n'),
    'comments within a mapping': filled('# c\n', 'a: 1\n', 'b: 2\n'),
    'comments at different depths': filled(index => `${' '.repeat(index % 20)}# c\n`, 'a:\n b:\n  c:\n', 'd: 1\n'),
    'a staircase of keys': filled(index => `${' '.repeat(index)}a:\n`),
    'one long key': filled('k', '', ': v\n'),
    'one long text': filled('v', 'k: '),
    'a text over many lines': filled(' v\n', 'k:\n'),
    'a quoted text over many lines': filled(' v\n', 'k: "', '"\n'),
    'a quoted text of blank lines': filled('\n', 'k: "', '"\n'),
    'a quoted text of escapes': filled('\\x41', 'k: "', '"\n'),
    'a quoted text without end': filled('v\n', 'k: "'),
    'quotes in a quoted text': filled("''", "k: '", "'\n"),
    'a literal text of many lines': filled('  v\n', 'k: |\n'),
    'a folded text of many lines': filled('  v\n\n', 'k: >-\n'),
    'a literal text of blank lines': filled('\n', 'k: |\n'),
    anchors: filled(index => `- &a${index} v\n`),
    'aliases of one anchor': filled('- *a\n', '- &a v\n'),
    'aliases of many anchors': filled(index => `- &a${index} v\n- *a${index}\n`),
    'aliases without an anchor': filled('- *a\n'),
    tags: filled('- !!str v\n'),
    'tags that are unknown': filled(index => `- !t${index} v\n`),
    directives: filled('%YAML 1.2\n'),
    'tag directives': filled(index => `%TAG !t${index}! tag:a,2000:\n`, '', '---\na\n'),
    numbers: filled('- 1234567890123456789012345678901234567890\n'),
    'one long number': filled('1', 'a: '),
    'what looks like a number': filled('1_', 'a: '),
    'carriage returns': filled('\r'),
    'control characters': filled('\x01'),
    'characters beyond ASCII': filled('- \u{1f600}\n'),
    'merge keys': filled('- {<<: {a: 1}}\n'),
  }),
);

const readPlain = () => readManifestText(PLAIN, 'plain.yaml', 'default');

describe('no manifest costs more to read than a plain one of its size', () => {
  for (const [name, text] of MANIFESTS) {
    it(name, () => assertAffordable(name, () => readManifestText(text, 'hostile.yaml', 'default'), readPlain));
  }
});
