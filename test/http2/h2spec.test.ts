/** h2spec: the cases of RFC 7540 and RFC 7541, asked of the program by a client that is written apart from it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { scene } from '../clients/scene.ts';
import { http2Program, needsHttp2Program } from '../support/http2-assets.ts';

/** h2spec waits so long for an answer, also for one that must not come. */
const WAIT_SECONDS = 10;
/** All of them: a report of fewer is no proof. */
const CASES = 146;

/** Cases that must fail, and why. */
const OBSOLETE: ReadonlyMap<string, string> = new Map([
  ['http2/5.3.1: Sends HEADERS frame that depend on itself', 'RFC 9113 section 5.3.2: dependencies mean nothing'],
  ['http2/5.3.1: Sends PRIORITY frame that depend on itself', 'RFC 9113 section 5.3.2: dependencies mean nothing'],
]);
const OF_BOTH_PROTOCOLS: ReadonlyMap<string, string> = new Map([
  [
    'http2/3.5: Sends invalid connection preface',
    'what is no preface is a bad request of HTTP/1.1 here, and is answered so',
  ],
]);

interface Outcome {
  readonly name: string;
  readonly failed: boolean;
}

/** The cases of a JUnit report. */
function outcomesOf(report: string): Outcome[] {
  const cases = report.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(.*?)<\/testcase>/gs);
  return [...cases].map(([, section, title, rest]) => ({
    name: `${section}: ${title?.replaceAll('&#39;', "'").replaceAll('&#34;', '"')}`,
    failed: rest?.includes('<failure>') === true || rest?.includes('<error>') === true,
  }));
}

async function run(folder: string, ...args: readonly string[]): Promise<Outcome[]> {
  const report = join(folder, 'h2spec.xml');
  const all = ['--strict', '--timeout', `${WAIT_SECONDS}`, '--junit-report', report, ...args];
  // It exits with 1 when a case fails: some must.
  await promisify(execFile)(http2Program('h2spec'), all, { maxBuffer: 1 << 24 }).catch(() => undefined);
  return outcomesOf(await readFile(report, 'utf8'));
}

test('h2spec finds nothing wrong', { ...needsHttp2Program('h2spec'), timeout: 600_000 }, async t => {
  const { http, https, folder, program } = await scene(t);
  for (const { name, origin, args, mustFail } of [
    { name: 'on the plain port', origin: http, args: [], mustFail: [...OBSOLETE.keys(), ...OF_BOTH_PROTOCOLS.keys()] },
    { name: 'on the TLS port', origin: https, args: ['--tls', '--insecure'], mustFail: [...OBSOLETE.keys()] },
  ]) {
    await t.test(name, async t => {
      const { hostname, port } = new URL(origin);
      const outcomes = await run(folder, '--host', hostname, '--port', port, '--path', '/echo', ...args);
      const failed = outcomes.filter(outcome => outcome.failed).map(outcome => outcome.name);
      assert.deepEqual(failed.sort(), mustFail.sort());
      assert.equal(outcomes.length, CASES);
      t.diagnostic(`${outcomes.length - failed.length} of ${outcomes.length} cases passed`);
      assert.equal(program.complaints, '');
    });
  }
});
