import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointLabel, formatFacts, formatTable, hostLabel, plural, printable } from '../../src/cli/text.ts';

test('a table aligns its columns and leaves no trailing spaces', () => {
  const table = formatTable(
    ['HOST', 'PATH', 'SERVICE'],
    [
      ['*', '/volume', 'default/volume'],
      ['a.example.com', '/', ''],
    ],
  );
  assert.equal(table, 'HOST           PATH     SERVICE\n*              /volume  default/volume\na.example.com  /');
});

test('a table and a list of facts can be indented', () => {
  assert.equal(formatTable(['A', 'B'], [['1', '2']], '  '), '  A  B\n  1  2');
  assert.equal(
    formatFacts(
      [
        ['Routes', '3'],
        ['Up', 'yes'],
      ],
      '  ',
    ),
    '  Routes  3\n  Up      yes',
  );
});

test('what an annotation holds can neither drive the terminal nor forge a line', () => {
  assert.equal(printable('a\x1b[31mb\nc\x9b\u2028é'), 'a\\u001b[31mb\\u000ac\\u009b\\u2028é');
  assert.equal(formatTable(['A'], [['x\ny']]), 'A\nx\\u000ay');
});

test('small labels', () => {
  assert.equal(plural(1, 'route'), '1 route');
  assert.equal(plural(0, 'route'), '0 routes');
  assert.equal(hostLabel(''), '*');
  assert.equal(hostLabel('*.example.com'), '*.example.com');
  assert.equal(endpointLabel({ address: '10.0.0.1', port: 80 }), '10.0.0.1:80');
  assert.equal(endpointLabel({ address: 'fd00::1', port: 80 }), '[fd00::1]:80');
});
