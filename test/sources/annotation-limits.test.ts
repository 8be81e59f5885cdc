/** What one Service may ask for: more would be paid by everybody's requests, or by the memory of the control plane. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { translateService } from '../../src/translate/service.ts';
import { service } from '../support/services.ts';

function translate(annotations: Readonly<Record<string, string>>) {
  return translateService(service('web', { annotations }), { allowExternalName: false });
}

function listOf(count: number, item: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => item(index)).join(',');
}

test('a path has up to 1024 bytes and 32 segments', () => {
  for (const path of [`/${'a'.repeat(1023)}`, '/a'.repeat(32)]) {
    assert.equal(translate({ path }).routes[0]?.path, path);
  }
  const refused: [path: string, reason: RegExp][] = [
    [`/${'a'.repeat(1024)}`, /^kube-entry\.io\/path: "\/a+"… \(1025 characters\) is longer than 1024 bytes$/],
    [`/${'ä'.repeat(200)}`, /" is longer than 1024 bytes as it stands in a request$/],
    ['/a'.repeat(33), /" has more than 32 segments$/],
  ];
  for (const [path, reason] of refused) {
    const { routes, refusals } = translate({ path });
    assert.deepEqual(routes, []);
    assert.match(refusals[0]?.message ?? '', reason);
  }
});

test('a host has up to 32 labels and 253 characters', () => {
  const long = `${'a'.repeat(60)}.`.repeat(4) + 'b'.repeat(9);
  for (const host of [long, `${'a.'.repeat(31)}a`]) assert.equal(translate({ path: '/', host }).routes[0]?.host, host);
  const tooMany = translate({ path: '/', host: `*.${'a.'.repeat(32)}a` });
  assert.match(tooMany.refusals[0]?.message ?? '', /has more than 32 labels$/);
  const tooLong = translate({ path: '/', host: `${long}c` });
  assert.match(tooLong.refusals[0]?.message ?? '', /is longer than 253 characters$/);
});

test('a Service has up to 1000 routes: its paths times its hosts', () => {
  const host = listOf(10, index => `h${index}`);
  assert.equal(translate({ host, path: listOf(100, index => `/${index}`) }).routes.length, 1000);
  const { routes, refusals } = translate({ host, path: listOf(101, index => `/${index}`) });
  assert.deepEqual(routes, []);
  assert.deepEqual(
    refusals.map(({ message }) => message),
    ['kube-entry.io/path: 101 paths for 10 hosts are more than 1000 routes, the most of one Service'],
  );
  assert.equal(refusals[0]?.paths.length, 100);
});

test('of annotations that are unknown ten are named, and the others counted', () => {
  const annotations = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`pat${index}`, '/a']));
  const { refusals } = translate(annotations);
  assert.equal(refusals.length, 10);
  assert.match(
    refusals.at(-1)?.message ?? '',
    /did you mean kube-entry\.io\/path\? \(and 4990 more that are unknown\)$/,
  );
});

test('of the ports of a Service twenty are named to someone who asks for another', () => {
  const ports = Array.from({ length: 1000 }, (_, index) => ({ port: index + 1 }));
  const object = service('web', { annotations: { path: '/', port: 'none' }, spec: { ports } });
  const { refusals } = translateService(object, { allowExternalName: false });
  assert.match(refusals[0]?.message ?? '', /it has 1, 2, .*, 20, 980 more$/);
});
