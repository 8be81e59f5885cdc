import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../src/errors.ts';
import type { GatewayPort } from '../../src/model/gateway-port.ts';
import { explain } from '../../src/routing/explain.ts';
import { explainPort, type PortQuestion } from '../../src/routing/explain-port.ts';
import { RouteTable } from '../../src/routing/table.ts';
import { gatewayRoute, matchAt, PORT } from '../support/gateway-routes.ts';
import { route } from '../support/routes.ts';

const HOSTNAMES = ['', '*.example.com'];
const AT_WILDCARD = { hostname: '*.example.com' };

function port(transport: GatewayPort['transport'] = 'plain'): GatewayPort {
  return {
    id: PORT,
    listen: { host: '127.0.0.1', port: 80 },
    publicPort: 80,
    transport,
    listeners: HOSTNAMES.map(hostname => ({
      ...{ name: `infra/web/${hostname || 'all'}`, hostname, serves: 'http' as const, certificates: [] },
    })),
  };
}

const TABLE = RouteTable.of([
  gatewayRoute('root', '/', { host: '*.example.com', listener: AT_WILDCARD }),
  gatewayRoute('exact', '/api', { host: 'a.example.com', match: 'exact', listener: AT_WILDCARD }),
  gatewayRoute('api', '/api', { host: 'a.example.com', listener: { ...AT_WILDCARD, rank: 'b' } }),
  gatewayRoute('newer', '/api', { host: 'a.example.com', listener: { ...AT_WILDCARD, rank: 'c' } }),
  gatewayRoute('beta', '/api', {
    host: 'a.example.com',
    listener: { ...AT_WILDCARD, rank: 'a', conditions: { headers: [{ name: 'stage', value: 'beta' }] } },
  }),
  gatewayRoute('post', '/api', {
    host: 'a.example.com',
    listener: { ...AT_WILDCARD, rank: 'a', conditions: { method: 'POST' } },
  }),
  gatewayRoute('whale', '/api', {
    host: 'a.example.com',
    listener: { ...AT_WILDCARD, rank: 'a', conditions: { query: [{ name: 'animal', value: 'w.*', isPattern: true }] } },
  }),
  gatewayRoute('pattern', '/v[0-9]/x', { host: 'a.example.com', match: 'regex', listener: AT_WILDCARD }),
  gatewayRoute('other-host', '/api', { host: 'b.example.com', listener: AT_WILDCARD }),
  gatewayRoute('other-listener', '/api'),
  gatewayRoute('other-port', '/api', { listener: { port: '127.0.0.2:80' } }),
  route('/api', { host: 'a.example.com' }),
]);

interface Asked extends Partial<PortQuestion> {
  readonly host?: string;
  readonly target?: string;
}

function ask({ host = 'a.example.com', target = '/api/x', ...question }: Asked = {}) {
  return explainPort(TABLE, host, target, { port: port(), method: 'GET', headers: new Map(), ...question });
}

function reasons(asked: Asked): Record<string, string> {
  const losers = ask(asked)?.losers ?? [];
  return Object.fromEntries(losers.map(({ route: { listener }, reason }) => [listener?.match, reason]));
}

test('what a URLRewrite makes of the path is what the upstream gets', () => {
  const policies = [{ kind: 'url-rewrite', path: { prefix: '/app', replacement: '/v2' } }] as const;
  const table = RouteTable.of([gatewayRoute('app', '/app', { policies }), gatewayRoute('rest', '/')]);
  const question = { port: port(), method: 'GET', headers: new Map<string, string>() };
  assert.equal(explainPort(table, 'test', '/app/x?y', question)?.upstreamTarget, '/v2/x?y');
  assert.equal(explainPort(table, 'test', '/app', question)?.upstreamTarget, '/v2');
  assert.equal(explainPort(table, 'test', '/other', question)?.upstreamTarget, '/other');
  const full = [{ kind: 'url-rewrite', host: 'other', path: { full: '/one' } }] as const;
  const whole = RouteTable.of([gatewayRoute('all', '/', { policies: full })]);
  assert.equal(explainPort(whole, 'test', '/app/x?y', question)?.upstreamTarget, '/one?y');
});

test('the rule that takes a request, where it came, and which rules have decided', () => {
  const explanation = ask({ target: '/x/..//api/y?z' });
  assert.equal(explanation?.route?.listener?.match, 'api');
  assert.deepEqual(explanation?.at, { port: PORT, listener: 'infra/web/*.example.com' });
  assert.equal(explanation?.rule, 'the host is named, its longest prefix');
  assert.equal(explanation?.upstreamTarget, '/api/y?z');
  assert.equal(ask({ target: '/api' })?.rule, 'the host is named, an exact path');
  assert.equal(
    ask({ target: '/v1/x' })?.rule,
    'the host is named, the first pattern that matches: longer texts come first',
  );
  assert.equal(ask({ host: 'c.example.com' })?.rule, 'its longest wildcard, no other path does');
  assert.equal(ask({ host: 'other.org', target: '/api' })?.rule, 'no other hostname takes it, its longest prefix');
});

test('conditions count, and are told', () => {
  const headers = new Map([['stage', 'beta']]);
  assert.equal(ask({ headers })?.rule, 'the host is named, its longest prefix, with header stage=beta');
  assert.equal(ask({ method: 'POST' })?.rule, 'the host is named, its longest prefix, with method POST');
  const { rule } = ask({ target: '/api/x?animal=whale' }) ?? {};
  assert.equal(rule, 'the host is named, its longest prefix, with query animal~w.*');
});

test('every rule of the port that came near has the reason why it lost', () => {
  assert.deepEqual(reasons({}), {
    root: 'a more specific host wins',
    newer: 'for the same path, a rule with more conditions, or of an older route, wins',
    beta: 'the request has not the headers that it asks for',
    post: 'its method is another one',
    whale: 'the request has not the query parameters that it asks for',
    'other-host': 'it is for another host',
    'other-listener': 'another listener of the port takes the host',
  });
  assert.deepEqual(reasons({ target: '/api' }).api, 'an exact path of the same host wins');
  assert.deepEqual(reasons({ target: '/apis' }).api, 'the path only begins like it: prefixes end at a slash');
  assert.deepEqual(reasons({ target: '/API' }).api, 'the path differs in upper and lower case');
});

test('a host that no route of its listener is for has none, whatever wider listeners serve', () => {
  const explanation = explainPort(RouteTable.of([gatewayRoute('all', '/')]), 'a.example.com', '/', {
    ...{ port: port(), method: 'GET', headers: new Map() },
  });
  assert.equal(explanation?.route, undefined);
  assert.deepEqual(
    explanation?.losers.map(({ reason }) => reason),
    ['another listener of the port takes the host'],
  );
});

test('a session of another listener is told, and takes nothing', () => {
  const asked = { port: port('tls'), serverName: 'other.org' };
  assert.deepEqual(ask(asked)?.at, {
    port: PORT,
    listener: 'infra/web/*.example.com',
    sessionListener: 'infra/web/all',
  });
  assert.equal(ask(asked)?.route, undefined);
  assert.equal(ask({ port: port('tls'), serverName: 'b.example.com' })?.route?.listener?.match, 'api');
  assert.equal(ask({ port: port('tls') })?.route?.listener?.match, 'api');
});

test('what is answered with 400 or 500 is no explanation', () => {
  assert.equal(ask({ target: '/..' }), undefined);
  assert.equal(ask({ host: 'a b' }), undefined);
  assert.equal(ask({ target: '/api%2Fx' }), undefined);
  const evil = gatewayRoute('evil', '/(a|aa)*(a|aa)*(a|aa)*b', { match: 'regex' });
  const question = { port: port(), method: 'GET', headers: new Map() };
  assert.throws(() => explainPort(RouteTable.of([evil]), '', `/${'a'.repeat(6_000)}`, question), FormatError);
});

test('routes of Gateways are no candidates of other ports', () => {
  const losers = explain(TABLE, 'a.example.com', '/none')?.losers ?? [];
  assert.deepEqual(losers, []);
  assert.equal(explain(TABLE, 'a.example.com', '/api')?.route, [...TABLE.routes()][0]);
});

test('an explanation names the route that the table finds', () => {
  for (const host of ['a.example.com', 'b.example.com', 'c.example.com', 'example.com', 'other.org']) {
    for (const target of ['/', '/api', '/api/x', '/v1/x', '/nowhere']) {
      const listener = host.endsWith('.example.com') ? '*.example.com' : '';
      assert.equal(ask({ host, target })?.route, matchAt(TABLE, { host, target, listener }), `${host}${target}`);
    }
  }
});
