/**
 * The Ingresses of public charts, rendered by Helm with the values that their documents advise for ingress-nginx, and what becomes of
 * them: each dump in charts/ has its verdicts beside it. `UPDATE_GOLDEN=1` writes them anew.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findController } from '../../src/migrate/controller.ts';
import { Dump } from '../../src/migrate/dump.ts';
import { migrate } from '../../src/migrate/migrate.ts';
import { readDump } from '../../src/migrate/read-dump.ts';
import type { Finding, MigrationReport } from '../../src/migrate/report.ts';
import { NO_CHOICE } from './dumps.ts';

const FOLDER = join(import.meta.dirname, 'charts');
/** Runs all of them. */
const CONTROLLER = 'ingress-nginx.yaml';
const CHARTS = globSync('*.yaml', { cwd: FOLDER, exclude: [CONTROLLER] }).sort();

function judge(file: string): MigrationReport {
  const dump = new Dump();
  for (const name of [CONTROLLER, file]) readDump(readFileSync(join(FOLDER, name), 'utf8'), name, dump);
  return migrate(dump, findController(dump, NO_CHOICE));
}

/** Verdicts and mends. The reasons are those of the tables, which have tests of their own. */
function verdictsOf({ ingresses }: MigrationReport): string {
  const lines = ingresses.flatMap(({ namespace, name, verdict, findings, silences }) => [
    `${namespace}/${name}: ${verdict}`,
    ...findings.map(findingLine),
    ...silences.map(({ kind, mend }) => `  in ingress-nginx: ${kind}${mend === undefined ? '' : ` | ${mend}`}`),
  ]);
  return `${lines.join('\n')}\n`;
}

function findingLine({ field, value = '', verdict, mend }: Finding): string {
  const [first = ''] = value.split('\n');
  return `  ${verdict} ${field}: ${first}${mend === undefined ? '' : ` | ${mend}`}`;
}

for (const file of CHARTS) {
  test(`the Ingresses of ${file.slice(0, -'.yaml'.length)} get their verdicts`, () => {
    const report = judge(file);
    assert.deepEqual(report.notes, []);
    const golden = join(FOLDER, file.replace(/\.yaml$/, '.txt'));
    const found = verdictsOf(report);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, found);
    assert.equal(found, readFileSync(golden, 'utf8'));
  });
}

test('there are ten charts at least, and the flags of a real controller lose nothing', () => {
  assert.ok(CHARTS.length >= 10);
  const { flags, config, serveWith, takeOverWith, controller } = judge(CHARTS[0] ?? '');
  assert.equal(controller, 'Deployment ingress-nginx/ingress-nginx-controller');
  assert.deepEqual(
    [...flags, ...config].filter(({ verdict }) => verdict !== 'works' && verdict !== 'differs'),
    [],
  );
  assert.deepEqual(serveWith, [
    '--ingress-class=nginx',
    '--ingress-configmap=ingress-nginx/ingress-nginx-controller',
    '--tls-listen=0.0.0.0:8443',
  ]);
  assert.deepEqual(takeOverWith, ['--publish-service=ingress-nginx/ingress-nginx-controller']);
});
