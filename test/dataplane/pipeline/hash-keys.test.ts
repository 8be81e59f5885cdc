/** What of a request decides where a cluster that hashes sends it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HashKey } from '../../../src/model/cluster.ts';
import { startBalanced } from '../../support/balanced-proxy.ts';
import { answer, answering, RawUpstream } from '../../support/raw-upstream.ts';

type Asked = readonly [target: string, headerLines?: string];

interface Case {
  readonly what: string;
  readonly key: HashKey;
  /** A request with a key of this number. */
  readonly keyed: (number: number) => Asked;
  /** Another request with the same key. */
  readonly same: (number: number) => Asked;
  /** A request without the key. */
  readonly without?: Asked;
}

const FORWARDED = (number: number): string => `X-Forwarded-For: 203.0.113.${number}`;

const CASES: readonly Case[] = [
  {
    what: 'the client that a trusted proxy names',
    key: { from: 'client-ip' },
    keyed: number => ['/v', `${FORWARDED(number)}\r\n`],
    same: number => ['/v/other?x', `${FORWARDED(250)}, 203.0.113.${number}\r\n`],
  },
  {
    what: 'path and query',
    key: { from: 'uri' },
    keyed: number => [`/v/a?${number}`],
    same: number => [`/v/./b/../a?${number}`, 'X-User: other\r\n'],
  },
  {
    what: 'a header',
    key: { from: 'header', name: 'X-User' },
    keyed: number => ['/v', `x-user: ${number}\r\n`],
    same: number => ['/v/other', `X-USER:\t${number} \r\n`],
    without: ['/v', 'X-User:\r\n'],
  },
  {
    what: 'a cookie',
    key: { from: 'cookie', name: 'sid' },
    keyed: number => ['/v', `Cookie: a=b; sid=${number}\r\n`],
    same: number => ['/v/other', `Cookie: c=d\r\nCookie: sid=${number}; e=f\r\n`],
    without: ['/v', 'Cookie: asid=1; sid2=2\r\n'],
  },
  {
    what: 'a parameter',
    key: { from: 'query', name: 'user' },
    keyed: number => [`/v?user=${number}`],
    same: number => [`/v/other?a=b&user=${number}&user=7`],
    without: ['/v?users=1'],
  },
  {
    what: 'a text with variables',
    key: {
      from: 'text',
      parts: ['u-', { variable: 'http_x_user' }, '-', { variable: 'arg_q' }, { variable: 'cookie_c' }],
    },
    keyed: number => [`/v?q=${number}`, 'X-User: a\r\nCookie: c=1\r\n'],
    same: number => [`/v/other?b=c&q=${number}`, 'Cookie: c=1\r\nX-User: a\r\n'],
    without: ['/v', 'X-Other: a\r\n'],
  },
  {
    what: 'variables of the request itself',
    key: {
      from: 'text',
      parts: [
        'remote_addr',
        'binary_remote_addr',
        'request_uri',
        'uri',
        'args',
        'host',
        'request_method',
        'no_such',
      ].map(variable => ({ variable })),
    },
    keyed: number => [`/v/${number}?a`, FORWARDED(1).concat('\r\n')],
    same: number => [`/v/${number}?a`, FORWARDED(1).concat('\r\n')],
  },
];

describe('hash', { concurrency: true }, () => {
  for (const { what, key, keyed, same, without } of CASES) {
    it(`by ${what}: one key is one endpoint, and requests without one are spread`, async t => {
      const upstreams = await Promise.all([0, 1, 2].map(index => RawUpstream.start(t, answering(answer(`${index}`)))));
      const { proxy } = await startBalanced(t, {
        endpoints: upstreams.map((at, index) => ({ at, id: `pod-${index}` })),
        cluster: { balance: { policy: 'hash', key } },
        settings: { trustedProxies: ['127.0.0.0/8'] },
      });
      const ask = async ([target, headerLines]: Asked): Promise<string> => (await proxy.get(target, headerLines)).body;
      const first: string[] = [];
      for (let number = 0; number < 16; number += 1) first.push(await ask(keyed(number)));
      for (let number = 0; number < 16; number += 1) assert.equal(await ask(same(number)), first[number]);
      assert.equal(new Set(first).size, 3, 'several keys are several endpoints');
      if (without === undefined) return;
      const spread = new Set<string>();
      for (let count = 0; count < 40; count += 1) spread.add(await ask(without));
      assert.equal(spread.size, 3);
    });
  }
});
