import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHost } from '../../src/routing/host.ts';
import { hostCandidates } from '../../src/routing/table.ts';
import fc from '../support/property.ts';

test('the host of an authority is in lower case, without port and trailing dot', () => {
  const table: [authority: string, host: string][] = [
    ['example.com', 'example.com'],
    ['EXAMPLE.com', 'example.com'],
    ['example.com:8080', 'example.com'],
    ['example.com:', 'example.com'],
    ['example.com:65535', 'example.com'],
    ['example.com.', 'example.com'],
    ['Example.Com.:80', 'example.com'],
    ['10.0.0.1:80', '10.0.0.1'],
    ['[::1]', '[::1]'],
    ['[2001:DB8::1]:8080', '[2001:db8::1]'],
    ['[::ffff:10.0.0.1]', '[::ffff:10.0.0.1]'],
    ['under_score', 'under_score'],
    ["a!$&'()*+;=~b", "a!$&'()*+;=~b"],
    ['localhost', 'localhost'],
  ];
  for (const [authority, host] of table) assert.equal(parseHost(authority), host, authority);
});

test('a host is as long as a name of the DNS may be, besides its port and trailing dot', () => {
  const longest = `${'a.'.repeat(126)}a`;
  for (const authority of [longest, `${longest}.`, `${longest}.:8080`]) assert.equal(parseHost(authority), longest);
  for (const authority of [`${longest}b`, 'a'.repeat(254), 'a.'.repeat(4000)]) {
    assert.equal(parseHost(authority), undefined, `${authority.length} characters`);
  }
});

test('what is no host is refused', () => {
  const empty = ['', '.', ':80', '.:80', ':'];
  const ports = ['h:x', 'h:80x', 'h:-1', 'h:+1', 'h:65536', 'h:99999999999999999999', 'h:80:80', 'h: 80', 'h:8 0'];
  const characters = [
    'a b',
    'a/b',
    'a?b',
    'a#b',
    'a@b',
    'u:p@h',
    'a,b',
    'a\tb',
    'a\0b',
    'a\x7fb',
    'a%41b',
    'caf\xe9',
    'a"b',
    'a\\b',
    'a<b',
    'a^b',
    'a|b',
  ];
  const dots = ['a..b', '..', 'a..', 'a..:80'];
  const brackets = [
    '[',
    ']',
    '[]',
    '[::1',
    '::1',
    '[::1]x',
    '[::1]80',
    '[::1]:x',
    '[::1]:65536',
    '[::1%25eth0]',
    '[fe80::1%eth0]',
    '[10.0.0.1]',
    '[v1.x]',
    'a[::1]',
    '[[::1]]',
  ];
  for (const authority of [...empty, ...ports, ...characters, ...dots, ...brackets]) {
    assert.equal(parseHost(authority), undefined, JSON.stringify(authority));
  }
});

test('a host that was read reads as itself', () => {
  const authority = fc.array(fc.constantFrom('a', 'B', '.', ':', '8', '0', '-', '[::1]', ',', '%', ' '), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(authority, pieces => {
      const host = parseHost(pieces.join(''));
      if (host !== undefined) assert.equal(parseHost(host), host);
    }),
    { numRuns: 5_000 },
  );
});

test('candidates for a host are the host itself, then its suffixes, the longest first', () => {
  assert.deepEqual(hostCandidates('a.b.example.com'), ['a.b.example.com', '*.b.example.com', '*.example.com', '*.com']);
  assert.deepEqual(hostCandidates('localhost'), ['localhost']);
  // One label or more, and no empty label.
  assert.deepEqual(hostCandidates('.example.com'), ['.example.com', '*.com']);
});
