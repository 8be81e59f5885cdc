import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExplanationAnswer, TakingRoute } from '../../src/cli/admin-answers.ts';
import { explanationReport } from '../../src/cli/explanation-report.ts';

const PLAIN = { terminal: undefined, paint: (_style: string, text: string) => text } as unknown as Parameters<
  typeof explanationReport
>[2];
const QUESTION = { host: 'a.example.com', target: '/cart' };
const AT = { port: '127.0.0.2:443', listener: 'infra/web/https' };

const rule: TakingRoute = {
  ...{ host: '*.example.com', path: '/cart', service: { namespace: 'shop', name: 'cart' } },
  backend: { balance: 'least-request', endpoints: [{ address: '10.0.0.1', port: 80 }] },
  gateway: {
    object: { kind: 'HTTPRoute', namespace: 'shop', name: 'cart' },
    ...{ rule: 'checkout', port: '127.0.0.2:443', hostname: '' },
  },
};

const untold = { limits: undefined, limitOrigins: undefined, plainRedirect: undefined };

function answer(fields: Partial<ExplanationAnswer>): ExplanationAnswer {
  const nothing = { route: undefined, rule: undefined, upstreamTarget: undefined, endpoints: undefined };
  return { ...nothing, ...untold, policies: [], waiting: [], losers: [], refusals: [], ...fields };
}

function linesOf(fields: Partial<ExplanationAnswer>): string[][] {
  const report = explanationReport(QUESTION, answer(fields), PLAIN);
  return report.split('\n').map(line => line.trim().split(/ {2,}/));
}

test('a rule of a Gateway is shown with its listener, its route, and the rules that lost', () => {
  const losers = [{ route: { ...rule, host: '' }, reason: 'a more specific host wins' }];
  const told = linesOf({ route: rule, at: AT, rule: 'its longest prefix', upstreamTarget: '/cart', losers });
  assert.deepEqual(told, [
    ['a.example.com/cart'],
    ['Listener', 'infra/web/https at 127.0.0.2:443'],
    ['Route', '*.example.com /cart'],
    ['Of', 'HTTPRoute shop/cart, rule checkout'],
    ['Rule', 'its longest prefix'],
    ['Service', 'shop/cart'],
    ['Upstream', 'least-request: 10.0.0.1:80'],
    ['It gets', '/cart'],
    [''],
    ['Other routes that are close'],
    ['HOST', 'PATH', 'ROUTE', 'WHY NOT'],
    ['*', '/cart', 'HTTPRoute shop/cart, rule checkout', 'a more specific host wins'],
  ]);
});

test('of routes for other hosts, which every cluster has for /, a few are shown, behind those that come nearer', () => {
  const others = Array.from({ length: 7 }, (_, index) => ({
    ...{ route: { ...rule, host: `${index}.example.com` }, reason: 'it is for another host' },
  }));
  const near = { route: { ...rule, host: '' }, reason: 'a more specific host wins' };
  const told = linesOf({ route: rule, at: AT, losers: [...others, near] });
  const hosts = told.slice(told.findIndex(([heading]) => heading === 'HOST') + 1).map(([host]) => host);
  assert.deepEqual(hosts, ['*', ...others.slice(0, 5).map(({ route }) => route.host), 'and 2 routes for other hosts']);
});

test('backends that share the requests are shown with their weights', () => {
  const backends = ['shop-cart-80', 'shop-canary-80'].map((name, index) => ({
    ...{ name, weight: 90 - 80 * index, balance: 'least-request', endpoints: [] },
  }));
  const told = linesOf({ route: { ...rule, backends }, at: AT });
  assert.deepEqual(told[4], ['Upstream', 'shared by weight: shop-cart-80 90, shop-canary-80 10']);
});

test('a canary is shown with what it takes', () => {
  const endpoints = [{ address: '10.0.0.2', port: 80 }];
  const backend = { name: 'shop-next-80', balance: 'least-request', endpoints };
  const nothing = { backend, weight: 0, header: '', headerValue: '', cookie: '' };
  const canaryOf = (fields: Partial<NonNullable<TakingRoute['canary']>>): string | undefined => {
    const { gateway: _, ...route } = rule;
    const canary = { ...nothing, ...fields };
    return linesOf({ route: { ...route, canary } }).find(([name]) => name === 'Canary')?.[1];
  };
  assert.equal(canaryOf({}), 'shop-next-80: it takes no request');
  assert.equal(canaryOf({ weight: 10 }), 'shop-next-80: it takes 10% of all requests');
  assert.equal(canaryOf({ weight: 1, weightTotal: 1000 }), 'shop-next-80: it takes 1 of 1000 of all requests');
  assert.equal(
    canaryOf({ weight: 10, header: 'x-canary', cookie: 'next' }),
    'shop-next-80: it takes header x-canary: always, cookie next=always, 10% of the other requests',
  );
  assert.equal(
    canaryOf({ weight: 10, backend: { ...backend, endpoints: [] } }),
    'shop-next-80: no endpoint: it takes no request',
  );
});

test('without a route it is said where the request comes, and where else it may be meant to', () => {
  assert.deepEqual(linesOf({ at: AT }), [
    ['No route takes a.example.com/cart: it is answered with 404.'],
    [''],
    ['It comes to 127.0.0.2:443: the listener is infra/web/https.'],
  ]);
  assert.deepEqual(linesOf({ at: { ...AT, listener: '' } })[2], [
    'It comes to 127.0.0.2:443: no listener at 127.0.0.2:443 takes the host.',
  ]);
  assert.deepEqual(linesOf({ gateways: ['infra/web', 'shop/set'] })[2], [
    'If it is meant for a Gateway, say which with --gateway: infra/web, shop/set',
  ]);
});

test('a session of another listener is said', () => {
  const [line] = linesOf({ at: { ...AT, sessionListener: 'infra/web/other' } });
  assert.deepEqual(line, [
    'a.example.com/cart is answered with 421: the listener infra/web/https takes the host, and the TLS session is one of infra/web/other.',
  ]);
});
