import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostAddresses } from '../../src/formats/hosts-file.ts';
import { candidateNames, parseSearchRules } from '../../src/formats/resolv-conf.ts';

test('the search rules of a pod', () => {
  const text =
    'search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5 edns0\n';
  const rules = parseSearchRules(text);
  assert.equal(rules.ndots, 5);
  assert.deepEqual(candidateNames('db', rules), [
    'db.shop.svc.cluster.local',
    'db.svc.cluster.local',
    'db.cluster.local',
    'db',
  ]);
  assert.deepEqual(candidateNames('db.example.com.', rules), ['db.example.com']);
  assert.equal(candidateNames('db.example.com', rules).at(-1), 'db.example.com');
  assert.equal(candidateNames('a.b.c.d.e.f', rules)[0], 'a.b.c.d.e.f');
});

test('the last of search and domain counts, and what is no rule is none', () => {
  assert.deepEqual(parseSearchRules(''), { search: [], ndots: 1 });
  assert.deepEqual(parseSearchRules('search a b\ndomain c d\n'), { search: ['c'], ndots: 1 });
  assert.deepEqual(parseSearchRules('domain c\n\tsearch a. .\t b\noptions ndots:99 ndots:x\n# search z'), {
    search: ['a', 'b'],
    ndots: 15,
  });
  assert.deepEqual(candidateNames('example.com', { search: [], ndots: 1 }), ['example.com']);
});

test('a hosts file gives all addresses of a name, in any case, and no comment is one', () => {
  const text =
    '127.0.0.1\tlocalhost loop # x\n::1 localhost\n#10.0.0.1 gone\n10.0.0.2 Db.Example db\nnot-an-address db\n10.0.0.3 db#x\n';
  assert.deepEqual(hostAddresses(text, 'LOCALHOST'), ['127.0.0.1', '::1']);
  assert.deepEqual(hostAddresses(text, 'db'), ['10.0.0.2', '10.0.0.3']);
  assert.deepEqual(hostAddresses(text, 'db.example'), ['10.0.0.2']);
  assert.deepEqual(hostAddresses(text, 'gone'), []);
  assert.deepEqual(hostAddresses(text, 'x'), []);
});
