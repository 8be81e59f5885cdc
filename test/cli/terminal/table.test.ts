import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFacts, formatTable } from '../../../src/cli/terminal/table.ts';
import { displayWidth } from '../../../src/cli/terminal/width.ts';
import { COLOURED } from '../../../src/text/colour.ts';
import fc from '../../support/property.ts';

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

test('wide characters are aligned by the columns they take', () => {
  assert.equal(
    formatTable(
      ['A', 'B'],
      [
        ['漢字', '1'],
        ['abc', '2'],
      ],
    ),
    'A     B\n漢字  1\nabc   2',
  );
});

test('a table and a list of facts can be indented', () => {
  assert.equal(formatTable(['A', 'B'], [['1', '2']], { indent: '  ' }), '  A  B\n  1  2');
  const facts = [
    ['Routes', '3'],
    ['Up', 'yes'],
  ] as const;
  assert.equal(formatFacts(facts, { indent: '  ' }), '  Routes  3\n  Up      yes');
});

test('a terminal’s width cuts the longest columns, and only those', () => {
  const rows = [['*', '/a/very/long/path/of/some/service', 'default/quite-a-long-name', '10.0.0.1:80']];
  assert.equal(
    formatTable(['HOST', 'PATH', 'SERVICE', 'UPSTREAM'], rows, { width: 50 }),
    ['HOST  PATH            SERVICE         UPSTREAM', '*     /a/very/long/…  default/quite…  10.0.0.1:80'].join('\n'),
  );
});

test('without a terminal one long value reaches beyond its column, whole, and pads no other line', () => {
  const long = `/${'x'.repeat(900)}`;
  const rows = [
    ['*', '/a', 'default/a'],
    ['*', long, 'default/b'],
  ];
  assert.deepEqual(formatTable(['HOST', 'PATH', 'SERVICE'], rows).split('\n'), [
    'HOST  PATH  SERVICE',
    '*     /a    default/a',
    `*     ${long}  default/b`,
  ]);
});

test('prose is continued on lines of its own instead', () => {
  const rows = [['web/shop', 'the Service has 2 TCP ports: say which with the annotation kube-entry.io/port']];
  assert.equal(
    formatTable(['SERVICE', 'WARNING'], rows, { indent: '  ', width: 44, lastIsProse: true }),
    [
      '  SERVICE   WARNING',
      '  web/shop  the Service has 2 TCP ports: say',
      '            which with the annotation',
      '            kube-entry.io/port',
    ].join('\n'),
  );
});

test('colours change nothing but the looks', () => {
  assert.equal(formatTable(['A', 'B'], [['1', '2']], { paint: COLOURED }), '\x1b[1mA  B\x1b[22m\n1  2');
  assert.equal(formatFacts([['Up', 'no', 'red']], { paint: COLOURED }), 'Up  \x1b[31mno\x1b[39m');
});

test('what a value holds can neither drive the terminal nor forge a line', () => {
  assert.equal(formatTable(['A'], [['x\ny\x1b']]), 'A\nx\\u000ay\\u001b');
  assert.equal(formatFacts([['A', 'x\ny']]), 'A  x\\u000ay');
});

const cell = fc.string({ unit: fc.constantFrom('a', '漢', ' ', '\x1b', '/', 'e\u0301') });

test('no line is wider than the terminal, as long as there is room for every column', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell, cell), { maxLength: 4 }),
      fc.integer({ min: 40, max: 100 }),
      fc.boolean(),
      (rows, width, lastIsProse) => {
        const table = formatTable(['ONE', 'TWO', 'THREE'], rows, { width, lastIsProse, indent: ' ' });
        for (const line of table.split('\n')) assert.ok(displayWidth(line) <= width, line);
      },
    ),
  );
});
