import assert from 'node:assert/strict';
import type { LookupAddress, RecordWithTtl } from 'node:dns';
import { describe, it } from 'node:test';
import type { DnsClient } from '../../../src/dataplane/names/dns-query.ts';
import { NameResolver } from '../../../src/dataplane/names/name-resolver.ts';

type Reply = readonly string[] | string | 'silence';

/** DNS servers, a hosts file, a resolv.conf and a clock, all in the hands of a test. */
class FakeNames {
  hosts = '';
  resolvConf = '';
  now = 0;
  ttl = 30;
  /** By name: addresses, the code of an error, or silence. */
  readonly replies = new Map<string, Reply>();
  /** Names that were asked for. */
  readonly asked: string[] = [];
  readonly #silent: (() => void)[] = [];

  get resolver(): NameResolver {
    return new NameResolver({
      readHosts: () => this.hosts,
      readResolvConf: () => this.resolvConf,
      openDns: () => this.#dns(),
      now: () => this.now,
    });
  }

  /** What was not answered times out. */
  breakSilence(): void {
    for (const end of this.#silent.splice(0)) end();
  }

  #dns(): DnsClient {
    const resolve =
      (isV6: boolean): DnsClient['resolve4'] =>
      (name, _, answered) => {
        if (!isV6) this.asked.push(name);
        const reply = this.replies.get(name) ?? 'ENOTFOUND';
        const fail = (code: string): void => answered(Object.assign(new Error(code), { code }), []);
        if (reply === 'silence') this.#silent.push(() => fail('ETIMEOUT'));
        else if (typeof reply === 'string') setImmediate(fail, reply);
        else {
          const records = reply.filter(address => address.includes(':') === isV6).map(address => this.#record(address));
          if (records.length === 0) setImmediate(fail, 'ENODATA');
          else setImmediate(answered, null, records);
        }
      };
    return { resolve4: resolve(false), resolve6: resolve(true), cancel: () => undefined };
  }

  #record(address: string): RecordWithTtl {
    return { address, ttl: this.ttl };
  }
}

function lookup(resolver: NameResolver, name: string, family = 0): Promise<string[]> {
  return new Promise((resolve, reject) => {
    resolver.lookup(name, { all: true, family }, (error, addresses) => {
      if (error === null) resolve((addresses as LookupAddress[]).map(({ address }) => address));
      else reject(error);
    });
  });
}

describe('names of upstreams', () => {
  it('a name whose servers are silent stops no other', async () => {
    const names = new FakeNames();
    names.replies.set('slow.example', 'silence').set('good.example', ['192.0.2.1']);
    const { resolver } = names;
    const slow = Promise.allSettled(Array.from({ length: 8 }, () => lookup(resolver, 'slow.example')));
    assert.deepEqual(await lookup(resolver, 'good.example'), ['192.0.2.1']);
    assert.deepEqual(names.asked, ['slow.example', 'good.example'], 'eight requests made one lookup');
    names.breakSilence();
    for (const { status } of await slow) assert.equal(status, 'rejected');
  });

  it('an answer is kept for its time to live, within limits', async () => {
    const names = new FakeNames();
    names.replies.set('a.example', ['192.0.2.1']);
    const { resolver } = names;
    for (const [ttl, kept] of [
      [0, 1_000],
      [30, 30_000],
      [86_400, 60_000],
    ] as const) {
      names.ttl = ttl;
      names.now += 1_000_000;
      names.asked.length = 0;
      await lookup(resolver, 'a.example');
      names.now += kept - 1;
      await lookup(resolver, 'A.Example');
      assert.equal(names.asked.length, 1, `${ttl} s, still valid`);
      names.now += 1;
      await lookup(resolver, 'a.example');
      assert.equal(names.asked.length, 2, `${ttl} s, over`);
    }
  });

  it('a name that does not exist is asked for once a second', async () => {
    const names = new FakeNames();
    const { resolver } = names;
    await assert.rejects(lookup(resolver, 'none.example'), { code: 'ENOTFOUND' });
    names.replies.set('none.example', ['192.0.2.1']);
    names.now = 999;
    await assert.rejects(lookup(resolver, 'none.example'), { code: 'ENOTFOUND' });
    names.now = 1_000;
    assert.deepEqual(await lookup(resolver, 'none.example'), ['192.0.2.1']);
  });

  it('while the servers fail, their last answer serves; once they say that the name is gone, it is', async () => {
    const names = new FakeNames();
    names.replies.set('a.example', ['192.0.2.1']);
    const { resolver } = names;
    await lookup(resolver, 'a.example');
    for (const failure of ['ETIMEOUT', 'ESERVFAIL', 'ECONNREFUSED']) {
      names.now += 100_000;
      names.replies.set('a.example', failure);
      assert.deepEqual(await lookup(resolver, 'a.example'), ['192.0.2.1'], failure);
    }
    names.now += 100_000;
    names.replies.set('a.example', 'ENOTFOUND');
    await assert.rejects(lookup(resolver, 'a.example'), { code: 'ENOTFOUND' });
    names.now += 100_000;
    names.replies.set('a.example', 'ETIMEOUT');
    await assert.rejects(lookup(resolver, 'a.example'), { code: 'ETIMEOUT' });
  });

  it('the hosts file comes first', async () => {
    const names = new FakeNames();
    names.hosts = '127.0.0.1 db.example\n::1 db.example\n';
    names.replies.set('db.example', ['192.0.2.1']);
    assert.deepEqual((await lookup(names.resolver, 'db.example')).sort(), ['127.0.0.1', '::1']);
    assert.deepEqual(names.asked, []);
  });

  it('search domains are tried as glibc tries them', async () => {
    const names = new FakeNames();
    names.resolvConf = 'search a.test b.test\noptions ndots:2\n';
    names.replies.set('db.b.test', ['192.0.2.1']).set('x.y.z', ['192.0.2.2']);
    const { resolver } = names;
    assert.deepEqual(await lookup(resolver, 'db'), ['192.0.2.1']);
    assert.deepEqual(await lookup(resolver, 'x.y.z'), ['192.0.2.2']);
    assert.deepEqual(names.asked, ['db.a.test', 'db.b.test', 'x.y.z']);
    names.asked.length = 0;
    names.replies.set('one.a.test', 'ESERVFAIL').set('one', ['192.0.2.3']);
    assert.deepEqual(await lookup(resolver, 'one'), ['192.0.2.3']);
    names.replies.set('two.a.test', 'ETIMEOUT').set('two', ['192.0.2.4']);
    await assert.rejects(lookup(resolver, 'two'), { code: 'ETIMEOUT' });
  });

  it('each address has its turn, IPv4 before IPv6', async () => {
    const names = new FakeNames();
    names.replies.set('a.example', ['192.0.2.1', '192.0.2.2', '2001:db8::1']);
    const { resolver } = names;
    const first = new Set<string | undefined>();
    for (let count = 0; count < 6; count += 1) {
      const addresses = await lookup(resolver, 'a.example');
      assert.equal(addresses.length, 3);
      assert.equal(addresses[2], '2001:db8::1');
      first.add(addresses[0]);
    }
    assert.equal(first.size, 2);
    assert.deepEqual(await lookup(resolver, 'a.example', 6), ['2001:db8::1']);
  });

  it('a family whose servers are silent is not waited for, and serves when it has come', async () => {
    const records = Promise.withResolvers<void>();
    const resolver = new NameResolver({
      readHosts: () => '',
      readResolvConf: () => '',
      now: () => 0,
      openDns: () => ({
        resolve4: (_, __, answered) => setImmediate(answered, null, [{ address: '192.0.2.1', ttl: 30 }]),
        resolve6: (_, __, answered) =>
          records.promise.then(() => answered(null, [{ address: '2001:db8::1', ttl: 30 }])),
        cancel: () => undefined,
      }),
    });
    assert.deepEqual(await lookup(resolver, 'a.example'), ['192.0.2.1']);
    records.resolve();
    await records.promise;
    assert.deepEqual(await lookup(resolver, 'a.example'), ['192.0.2.1', '2001:db8::1']);
  });
});
