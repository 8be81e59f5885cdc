/** The report in its forms: each shows what stands in objects, and obeys none of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { migrateReport } from '../../src/cli/migrate-report.ts';
import { htmlReport } from '../../src/migrate/render/html.ts';
import { markdownReport } from '../../src/migrate/render/markdown.ts';
import type { MigrationReport } from '../../src/migrate/report.ts';
import { PLAIN } from '../../src/text/colour.ts';

const IO = { paint: PLAIN, terminal: undefined } as Parameters<typeof migrateReport>[1];

function reportWith(text: string): MigrationReport {
  const finding = { field: text, value: text, verdict: 'refused', reason: text, mend: text } as const;
  const silence = { kind: 'Conflict', message: text, mend: text } as const;
  return {
    ...{ controller: text, flags: [finding], config: [finding], values: [finding], otherIngresses: 1 },
    ingresses: [
      { namespace: 'shop', name: 'web', hosts: [text], verdict: 'refused', findings: [finding], silences: [silence] },
      { namespace: 'shop', name: 'fine', hosts: [''], verdict: 'works', findings: [], silences: [] },
    ],
    ...{ serveWith: [text], takeOverWith: [text], notes: [text], unread: [], isLossy: true },
  };
}

test('a report reads well as text', () => {
  assert.equal(
    migrateReport({ ...reportWith('x'), controller: 'Deployment a/b', flags: [], config: [], values: [] }, IO),
    `Deployment a/b
`.replace(
      'Deployment a/b\n',
      `Flags of Deployment a/b
1 Ingress of other classes: left out
x

shop/web  refused
  refused x: "x"
    x
    mend: x
  in ingress-nginx today:
    a place that another Ingress has: x
      mend: x

For all Ingresses
  A request is retried once at most, on another pod, and never after a time limit: ingress-nginx asks up to three times,
  also after a read timeout.
  Bodies are streamed: an upstream sees the first byte before the last one has come, and nothing is spooled to disk.
  A change is served within milliseconds, and nothing is reloaded: connections, WebSockets included, outlive it.

Start it with
  kube-entry serve x

Once it takes over the address
  x

2 Ingresses: 1 refused, 1 works
Something would be lost: mend what is unsupported or refused first.`,
    ),
  );
});

test('HTML holds nothing of an object as markup, and asks for nothing from a network', () => {
  const attacks = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    '</title></style><script>alert(1)</script>',
    '&lt;script&gt;',
    '<!--',
    ']]>',
    '\u202e\u0007',
  ];
  const tags = (page: string): string[] => page.match(/<[^>]*>/g) ?? [];
  const plain = tags(htmlReport(reportWith('x')));
  for (const attack of attacks) {
    const page = htmlReport(reportWith(attack));
    assert.deepEqual(tags(page), plain, attack);
    assert.doesNotMatch(page, /[\u202e\u0007]/);
  }
  const page = htmlReport(reportWith('x'));
  assert.doesNotMatch(page, /<script|\bsrc=|\bhref=|@import|url\(|https?:/);
  assert.match(page, /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/);
});

test('Markdown marks nothing up that stands in an object', () => {
  for (const attack of [
    'a | b',
    '`x` | y',
    '``` x',
    '[a](http://b)',
    '<b>',
    '# x',
    'a\n\n# b',
    '![a](b)',
    '**a**',
    '\u001b[31m',
  ]) {
    const text = markdownReport(reportWith(attack));
    const rows = text.split('\n').filter(line => line.startsWith('| '));
    for (const row of rows) assert.equal(row.replaceAll('\\|', '').split('|').length, 7, `${attack}: ${row}`);
    assert.doesNotMatch(text, /^# (?!From ingress-nginx)/m, attack);
    const outside = text
      .replace(/(`+)(?!`).*?(?<!`)\1(?!`)/g, '')
      .replace(/\\./g, '')
      .split('\n')
      .filter(line => !line.startsWith('    '))
      .join('\n');
    assert.doesNotMatch(outside, /\]\(|<b>|\u001b/, attack);
  }
});

test('a terminal gets no control characters', () => {
  const text = migrateReport(reportWith('\u001b[31m\u202e\r\nx'), IO);
  assert.doesNotMatch(text, /[\u001b\u202e\r]/);
});

test('JSON is as deploy/migrate.schema.json says', () => {
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../deploy/migrate.schema.json'), 'utf8'));
  const validator = z.fromJSONSchema(schema);
  const report = JSON.parse(JSON.stringify(reportWith('x')));
  validator.parse(report);
  const { controller: _, ...without } = report;
  validator.parse(without);
  assert.throws(() => validator.parse({ ...report, extra: 1 }));
  assert.throws(() => validator.parse({ ...report, ingresses: [{ ...report.ingresses[0], verdict: 'maybe' }] }));
});

test('each form names the Ingresses with an annotation that differs whatever its value is', () => {
  const finding = { field: 'limit-rps', verdict: 'differs', reason: 'it counts otherwise', isGeneral: true } as const;
  const ingresses = Array.from({ length: 12 }, (_, index) => ({
    ...{ namespace: 'shop', name: `web${index}`, hosts: ['a'], silences: [] },
    ...{ verdict: 'differs' as const, findings: [finding] },
  }));
  const report = { ...reportWith('x'), ingresses };
  for (const shown of [migrateReport(report, IO), markdownReport(report), htmlReport(report)]) {
    assert.match(shown, /limit-rps.*12 Ingresses/);
    assert.match(shown.replace(/\s+/g, ' '), /shop\/web0, shop\/web1, .*shop\/web9 and 2 more/);
    assert.match(shown, /it counts otherwise/);
  }
});
