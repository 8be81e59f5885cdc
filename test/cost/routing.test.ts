import { describe, it } from 'node:test';
import { MAX_HOST_LABELS, MAX_PATH_BYTES, MAX_PATH_SEGMENTS } from '../../src/translate/annotations.ts';
import { type RouteDescription, startProxy } from '../support/proxy-under-test.ts';
import { assertAffordable } from './cost.ts';
import { FixedUpstream, QuickClient } from './exchanges.ts';

/** The deepest path that an annotation may hold, made of the shortest segments and of the longest. */
const DEEP = '/a'.repeat(MAX_PATH_SEGMENTS);
const LONG_AND_DEEP = `/${'s'.repeat(MAX_PATH_BYTES / MAX_PATH_SEGMENTS - 2)}`.repeat(MAX_PATH_SEGMENTS);
/** As many labels as the Host of a request may have. */
const LABELS = 'a.'.repeat(127).slice(0, -1);

/** A route for each `*.` suffix of a host that a Service may name. */
function wildcardRoutes(path: string): { path: string; host: string }[] {
  const labels = LABELS.split('.').slice(-MAX_HOST_LABELS);
  return labels.map((_, index) => ({ path, host: `*.${labels.slice(index).join('.')}` }));
}

/** What tenants' Services may make of the table, within their limits. */
const TABLES: ReadonlyMap<string, readonly Omit<RouteDescription, 'to'>[]> = new Map<
  string,
  Omit<RouteDescription, 'to'>[]
>([
  ['without hosts', []],
  ['with a wildcard host', [{ path: '/a', host: '*.example.com' }]],
  ['with the deepest paths', [{ path: DEEP }, { path: LONG_AND_DEEP }]],
  ['with a wildcard for each label', wildcardRoutes('/x')],
  ['with the deepest path for each wildcard', wildcardRoutes(`${LONG_AND_DEEP.slice(0, -1)}x`)],
]);

/** Target and Host of requests, 8 KiB each at most. */
const REQUESTS: ReadonlyMap<string, readonly [target: string, host: string]> = new Map([
  ['a Host of 4 000 labels', ['/', 'a.'.repeat(4000)]],
  ['a Host of as many labels as there may be', ['/', LABELS]],
  ['an absolute target of 4 000 labels', [`http://${'a.'.repeat(4000)}/`, 'test']],
  ['a path of 4 000 segments', ['/a'.repeat(4000), 'test']],
  ['a path like the deepest route', [LONG_AND_DEEP, 'test']],
  ['a deep path of a Host of many labels', [LONG_AND_DEEP, LABELS]],
  ['a path of escapes', [`/${'%C3'.repeat(2700)}`, 'test']],
  ['a path of escapes in lower case', [`/${'%c3'.repeat(2700)}`, 'test']],
  ['a path of unreserved characters that are escaped', [`/${'%41'.repeat(2700)}`, 'test']],
  ['a path of dots', [`/${'./'.repeat(4000)}`, 'test']],
  ['a path that goes down and up again', [`/${'a/'.repeat(1600)}${'../'.repeat(1600)}`, 'test']],
  ['a path of slashes', ['/'.repeat(8000), 'test']],
  ['a query of question marks', [`/?${'?'.repeat(8000)}`, 'test']],
  ['fragments', [`/${'#'.repeat(8000)}`, 'test']],
  ['a port of zeros', ['/', `test:${'0'.repeat(8000)}`]],
  ['brackets', ['/', '['.repeat(8000)]],
]);

describe('no request costs more to route than a plain one of its size', () => {
  for (const [kind, routes] of TABLES) {
    it(`in a table ${kind}`, async t => {
      const upstream = await FixedUpstream.listen(t);
      upstream.answerWith('');
      const to = [upstream.address];
      const all: RouteDescription[] = [{ path: '/', to }, ...routes.map(some => ({ ...some, to }))];
      const { address } = await startProxy(t, 'wire', { routes: all, settings: { keepaliveRequests: 1e9 } });
      for (const [name, [target, host]] of REQUESTS) {
        await t.test(name, async test => {
          const client = new QuickClient(test, address);
          const costly = request(target, host);
          const plain = request(`/${'s'.repeat(target.length)}`, 'h'.repeat(host.length));
          await assertAffordable(
            name,
            () => client.exchange(costly),
            () => client.exchange(plain),
          );
        });
      }
    });
  }
});

function request(target: string, host: string): Buffer {
  return Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 'latin1');
}
