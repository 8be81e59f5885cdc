import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificatesReport } from '../../src/cli/certificates-report.ts';
import type { CertificateReport } from '../../src/control/certificates/certificate-report.ts';
import { runHere } from './cli-fixture.ts';
import { startInstance } from './running-instance.ts';
import { SERVICES } from './services.ts';

const DAY_MS = 86_400_000;

function report(name: string, fields: Partial<CertificateReport> = {}): CertificateReport {
  return {
    source: `shop/${name}`,
    names: [`${name}.example`],
    issuer: 'Acme, Root',
    notAfter: Date.UTC(2100, 0, 1),
    askers: [`shop/${name}`],
    problems: [],
    ...fields,
  };
}

test('certificates shows each with its names, its end and who asks for it', async context => {
  const { socketPath } = await startInstance(context, SERVICES, '', [
    report('late', { notAfter: Date.UTC(2101, 0, 1) }),
    report('web'),
  ]);
  const { code, stdout, stderr } = await runHere(['certificates', '--admin-socket', socketPath]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  const [head, first, second] = stdout.split('\n');
  assert.match(head ?? '', /^CERTIFICATE +NAMES +ISSUER +VALID UNTIL +ASKED BY +PROBLEM$/);
  assert.match(first ?? '', /^shop\/web +web\.example +Acme, Root +2100-01-01 \(\d+ days\) +shop\/web$/);
  assert.match(second ?? '', /^shop\/late /, 'the one that expires first comes first');
});

test('certificates names problems first, and then exits 1', async context => {
  const problems = [{ reason: 'SecretAbsent', message: 'there is no Secret shop/gone' }] as const;
  const gone = report('gone', { names: [], issuer: '', notAfter: undefined, problems });
  const { socketPath } = await startInstance(context, SERVICES, '', [report('web'), gone]);
  const people = await runHere(['certificates', '--admin-socket', socketPath]);
  assert.equal(people.code, 1);
  assert.match(people.stdout, /^shop\/gone +- +- +- +shop\/gone +there is no Secret shop\/gone$/m);
  const scripts = await runHere(['certificates', '--output', 'json', '--admin-socket', socketPath]);
  assert.equal(scripts.code, 1);
  assert.deepEqual(JSON.parse(scripts.stdout), [
    { certificate: 'shop/gone', names: [], issuer: '', validUntil: null, askedBy: ['shop/gone'], problems },
    {
      certificate: 'shop/web',
      names: ['web.example'],
      issuer: 'Acme, Root',
      validUntil: '2100-01-01T00:00:00.000Z',
      askedBy: ['shop/web'],
      problems: [],
    },
  ]);
});

test('certificates says that there are none where TLS does not listen', async context => {
  const { socketPath } = await startInstance(context, SERVICES);
  const { code, stdout } = await runHere(['certificates', '--admin-socket', socketPath]);
  assert.equal(code, 0);
  assert.match(stdout, /^No certificates: TLS does not listen \(--tls-listen\)\.$/m);
});

test('the report counts the days that are left', () => {
  const now = Date.UTC(2026, 5, 1);
  const until = (at: number) =>
    certificatesReport(
      [{ certificate: 's', names: [], issuer: '', validUntil: new Date(at).toISOString(), askedBy: [], problems: [] }],
      now,
      {},
    );
  assert.match(until(now + 1.5 * DAY_MS), /2026-06-02 \(1 day\)/);
  assert.match(until(now + 14 * DAY_MS), /2026-06-15 \(14 days\)/);
  assert.match(until(now), /2026-06-01 \(expired\)/);
});
