import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IngressCompiler } from '../../src/dataplane/ingress-compiler.ts';
import type { IngressRoute } from '../../src/model/route.ts';

const named = (name: string, said: Partial<IngressRoute> = {}): IngressRoute => ({
  ingress: { namespace: 'default', name },
  ...said,
});

test('Ingresses that ask for the same share what their requests get, and others do not', () => {
  const compiler = new IngressCompiler();
  const [first, second] = [named('a', { hsts: 'max-age=1' }), named('b', { hsts: 'max-age=1' })];
  assert.equal(compiler.compile(first), compiler.compile(second));
  assert.notEqual(compiler.compile(first), compiler.compile(named('a', { hsts: 'max-age=2' })));
  assert.notEqual(compiler.compile(named('a', { keepsServer: true })), compiler.compile(named('a')));
  assert.notEqual(
    compiler.compile(named('a', { upstreamHost: ['a'] })),
    compiler.compile(named('a', { upstreamHost: [] })),
  );
});

test('what an Ingress has stays its own when many others that differ have come', () => {
  const compiler = new IngressCompiler();
  const ingress = named('a');
  const before = compiler.compile(ingress);
  for (let seconds = 0; seconds < 1000; seconds += 1) compiler.compile(named('b', { hsts: `max-age=${seconds}` }));
  assert.equal(compiler.compile(ingress), before);
});
