import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GrpcMatch, HttpMatch } from '../../../src/resources/gateway/gateway-object.ts';
import { readRoute } from '../../../src/translate/gateway/routes/read-route.ts';
import fc from '../../support/property.ts';
import { around, exact, grpcRoute, httpRoute, listeners, values } from './scene.ts';
import { type Asked, ServedPort } from './served.ts';

/** One match of one route, as the Gateway API compares it with others. */
interface Candidate<Match> {
  readonly createdAt: string;
  readonly name: string;
  readonly hostname: string;
  readonly rule: number;
  readonly at: number;
  readonly match: Match;
}

const HOSTNAMES = ['', '*.com', '*.example.com', 'a.example.com'] as const;
const AGES = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'] as const;
const names = fc.constantFrom('a', 'b', 'ab', 'a-b');
const headers = fc.subarray(values('x=1', 'y=2', 'z=3'));

const httpMatches: fc.Arbitrary<HttpMatch> = fc.record({
  path: fc.oneof(
    fc.constantFrom('/', '/a', '/a/', '/a/b').map(value => ({ type: 'PathPrefix', value })),
    fc.constantFrom('/a', '/a/b').map(exact),
  ),
  headers,
  queryParams: fc.subarray(values('p=1', 'q=2')),
  method: fc.constantFrom(undefined, 'GET'),
});

const grpcMatches: fc.Arbitrary<GrpcMatch> = fc.record({
  method: fc.constantFrom(
    undefined,
    { type: 'Exact', service: 'svc' },
    { type: 'Exact', method: 'Call' },
    { type: 'Exact', service: 'svc', method: 'Call' },
  ),
  headers,
});

function routesOf<Match>(match: fc.Arbitrary<Match>) {
  return fc.uniqueArray(
    fc.record({
      name: names,
      createdAt: fc.constantFrom(...AGES),
      hostname: fc.constantFrom(...HOSTNAMES),
      rules: fc.array(fc.array(match, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 4, selector: route => route.name },
  );
}

function candidatesOf<Match>(
  routes: readonly { name: string; createdAt: string; hostname: string; rules: readonly (readonly Match[])[] }[],
): Candidate<Match>[] {
  return routes.flatMap(({ rules, ...route }) =>
    rules.flatMap((matches, rule) => matches.map((match, at) => ({ ...route, rule, at, match }))),
  );
}

/** What the Gateway API compares, one after the other: a larger number comes first. */
function compare<Match>(
  a: Candidate<Match>,
  b: Candidate<Match>,
  narrowness: (match: Match) => readonly number[],
): number {
  const byHost = hostname(b) - hostname(a);
  if (byHost !== 0) return byHost;
  const [left, right] = [narrowness(a.match), narrowness(b.match)];
  for (const [index, number] of left.entries()) if (number !== right[index]) return (right[index] ?? 0) - number;
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1;
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.rule - b.rule || a.at - b.at;
}

/** The most characters of a name without a wildcard, then of any. */
function hostname({ hostname }: Candidate<unknown>): number {
  return hostname.startsWith('*') || hostname === '' ? hostname.length : 1000 + hostname.length;
}

function httpNarrowness({ path, method, headers, queryParams }: HttpMatch): number[] {
  const isExact = path.type === 'Exact';
  const prefix = path.value.length > 1 ? path.value.replace(/\/$/, '') : path.value;
  return [
    Number(isExact),
    isExact ? 0 : prefix.length,
    Number(method !== undefined),
    headers.length,
    queryParams.length,
  ];
}

function grpcNarrowness({ method, headers }: GrpcMatch): number[] {
  return [method?.service?.length ?? 0, method?.method?.length ?? 0, headers.length];
}

function takesHttp({ path, method, headers, queryParams }: HttpMatch, asked: Asked): boolean {
  const prefix = path.value.replace(/\/$/, '');
  const isPath =
    path.type === 'Exact' ? asked.path === path.value : asked.path === prefix || asked.path.startsWith(`${prefix}/`);
  return (
    isPath &&
    (method === undefined || method === asked.method) &&
    headers.every(({ name, value }) => asked.headers?.[name] === value) &&
    queryParams.every(({ name, value }) => asked.query?.[name] === value)
  );
}

function takesGrpc({ method, headers }: GrpcMatch, asked: Asked): boolean {
  const [, service, called] = asked.path.split('/');
  return (
    (method?.service === undefined || method.service === service) &&
    (method?.method === undefined || method.method === called) &&
    headers.every(({ name, value }) => asked.headers?.[name] === value)
  );
}

function isHost(hostname: string, host: string): boolean {
  return hostname === '' || hostname === host || (hostname.startsWith('*') && host.endsWith(hostname.slice(1)));
}

const asks = fc.record({
  host: fc.constantFrom('a.example.com', 'b.example.com', 'b.com', 'b.org'),
  path: fc.constantFrom('/', '/a', '/a/', '/a/b', '/a/b/c', '/ab'),
  method: fc.constantFrom('GET', 'POST'),
  headers: headers.map(list => Object.fromEntries(list.map(({ name, value }) => [name, value]))),
  query: fc.constantFrom({}, { p: '1' }, { p: '1', q: '2' }, { p: '2' }),
});

const calls = fc.record({
  host: fc.constantFrom('a.example.com', 'b.com'),
  path: fc.constantFrom('/svc/Call', '/svc/Other', '/other/Call', '/other/Other'),
  headers: headers.map(list => Object.fromEntries(list.map(({ name, value }) => [name, value]))),
});

const context = around({ listeners: listeners('') });

test('the first of all matches of HTTPRoutes that take a request, as the Gateway API orders them, gets it', () => {
  fc.assert(
    fc.property(routesOf(httpMatches), fc.array(asks, { minLength: 8, maxLength: 8 }), (routes, requests) => {
      const table = routes.flatMap(({ rules, hostname, ...names }) => {
        const hostnames = hostname === '' ? [] : [hostname];
        return readRoute(
          'HTTPRoute',
          httpRoute(
            rules.map(matches => ({ matches })),
            { ...names, hostnames },
          ),
          context,
        ).routes;
      });
      const port = new ServedPort(table);
      const sorted = candidatesOf(routes).sort((a, b) => compare(a, b, httpNarrowness));
      for (const asked of requests) {
        const first = sorted.find(one => isHost(one.hostname, asked.host) && takesHttp(one.match, asked));
        assert.equal(port.match(asked)?.listener?.match, first && nameOf('HTTPRoute', first), JSON.stringify(asked));
      }
    }),
    { numRuns: 500 },
  );
});

test('the first of all matches of GRPCRoutes that take a call, as the Gateway API orders them, gets it', () => {
  fc.assert(
    fc.property(routesOf(grpcMatches), fc.array(calls, { minLength: 8, maxLength: 8 }), (routes, requests) => {
      const table = routes.flatMap(({ rules, hostname, ...names }) => {
        const hostnames = hostname === '' ? [] : [hostname];
        return readRoute(
          'GRPCRoute',
          grpcRoute(
            rules.map(matches => ({ matches })),
            { ...names, hostnames },
          ),
          context,
        ).routes;
      });
      const port = new ServedPort(table);
      const sorted = candidatesOf(routes).sort((a, b) => compare(a, b, grpcNarrowness));
      for (const asked of requests) {
        const first = sorted.find(one => isHost(one.hostname, asked.host) && takesGrpc(one.match, asked));
        assert.equal(port.match(asked)?.listener?.match, first && nameOf('GRPCRoute', first), JSON.stringify(asked));
      }
    }),
    { numRuns: 500 },
  );
});

function nameOf(kind: string, { name, rule, at }: Candidate<unknown>): string {
  return `${kind} infra/${name} ${rule} ${at}`;
}
