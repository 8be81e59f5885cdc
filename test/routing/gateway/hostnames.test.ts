import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hostnames } from '../../../src/routing/gateway/hostnames.ts';

function closest(hostnames: readonly string[], host: string): string | undefined {
  return new Hostnames(hostnames.map(hostname => [hostname, hostname])).closest(host);
}

test('the closest listener takes a host: its name, the longest wildcard, the one for all hosts', () => {
  const all = ['', 'very.specific.com', '*.wildcard.io', '*.a.wildcard.io', '*.com'];
  const rows: [host: string, expected: string][] = [
    ['very.specific.com', 'very.specific.com'],
    ['less.specific.com', '*.com'],
    ['a.very.specific.com', '*.com'],
    ['a.wildcard.io', '*.wildcard.io'],
    ['b.a.wildcard.io', '*.a.wildcard.io'],
    ['c.b.a.wildcard.io', '*.a.wildcard.io'],
    ['c.b.wildcard.io', '*.wildcard.io'],
    // The star is one label at least, and a suffix begins at a dot.
    ['wildcard.io', ''],
    ['.wildcard.io', ''],
    ['notwildcard.io', ''],
    ['com', ''],
    ['[::1]', ''],
    ['', ''],
  ];
  for (const [host, expected] of rows) assert.equal(closest(all, host), expected, host);
});

test('without a listener for all hosts, other hosts have none', () => {
  assert.equal(closest(['a.example', '*.b.example'], 'c.example'), undefined);
  assert.equal(closest(['a.example'], ''), undefined);
  assert.equal(closest([], 'a.example'), undefined);
});
