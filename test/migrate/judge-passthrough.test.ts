import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../src/migrate/report.ts';
import { ingress, report } from './dumps.ts';

/** @param args of ingress-nginx's controller */
function judged(value: string, args: readonly string[]): Finding | undefined {
  const image = 'registry.k8s.io/ingress-nginx/controller:v1.15.1';
  const containers = [{ name: 'controller', image, args: ['/nginx-ingress-controller', ...args] }];
  const controller = {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'c', namespace: 'ingress-nginx' } },
    spec: { template: { spec: { containers } } },
  };
  const found = report([ingress('web', { annotations: { 'ssl-passthrough': value } }), controller]);
  return found.ingresses[0]?.findings[0];
}

test('ssl-passthrough is the same where ingress-nginx runs with its flag, or where it is off', () => {
  assert.equal(judged('true', ['--enable-ssl-passthrough'])?.verdict, 'works');
  assert.equal(judged('true', ['--enable-ssl-passthrough=true'])?.verdict, 'works');
  assert.equal(judged('false', [])?.verdict, 'works');
});

test('ssl-passthrough that ingress-nginx has ignored so far is told for its Ingress, with what keeps it so', () => {
  for (const args of [[], ['--enable-ssl-passthrough=false']]) {
    const { verdict, reason = '', mend, isGeneral } = judged('true', args) ?? {};
    assert.deepEqual([verdict, isGeneral], ['differs', undefined]);
    assert.match(reason, /ignores it without --enable-ssl-passthrough; here TLS of the host goes on to the pods/);
    assert.match(mend ?? '', /^remove nginx\.ingress\.kubernetes\.io\/ssl-passthrough, if/);
  }
});
