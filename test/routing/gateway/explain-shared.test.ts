/** What `explain` says of a request to a port that Gateways share with Services and Ingresses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainAsked } from '../../../src/admin/explanation.ts';
import type { GatewayPort } from '../../../src/model/gateway-port.ts';
import { RouteTable } from '../../../src/routing/table.ts';
import { gatewayListener } from '../../support/gateway-ports.ts';
import { gatewayRoute } from '../../support/gateway-routes.ts';
import { route } from '../../support/routes.ts';

const HOSTNAMES = ['', '*.shop.example'];

function shared(id: string, transport: GatewayPort['transport'], hostnames: readonly string[]): GatewayPort {
  const listeners = hostnames.map(hostname => gatewayListener({ hostname }));
  const publicPort = transport === 'tls' ? 443 : 80;
  return { id, isShared: true, listen: { host: '::', port: 0 }, publicPort, transport, listeners };
}

const PORTS = [shared('tls', 'tls', ['secure.example']), shared('plain', 'plain', HOSTNAMES)];
const routes = [
  ...HOSTNAMES.map(hostname => gatewayRoute(`gate ${hostname}`, '/', { listener: { port: 'plain', hostname } })),
  gatewayRoute('secure', '/', { listener: { port: 'tls', hostname: 'secure.example' } }),
  route('/', { host: 'b.shop.example', service: { namespace: 'default', name: 'b' } }),
  route('/tools', { service: { namespace: 'default', name: 'tools' } }),
];
const TABLE = RouteTable.of(routes);

/** The name of what takes a request, and the port where it is taken. */
function taken(host: string, target: string, gateway?: string, port?: string): string {
  const control = { table: TABLE, mergeSlashes: true, gatewayPorts: () => PORTS };
  const client = { method: 'GET', headers: new Map(), clientIp: '' };
  const found = explainAsked({ host, target, gateway, port }, client, control);
  const name = found?.route?.gateway?.object.name ?? found?.route?.service.name ?? 'nothing';
  return found?.at === undefined ? name : `${name} at ${found.at.port}`;
}

test('a request goes to whoever has its host', () => {
  const rows: [host: string, target: string, expected: string][] = [
    ['x.shop.example', '/', 'gate *.shop.example at plain'],
    ['b.shop.example', '/', 'b'],
    ['other.example', '/', 'gate  at plain'],
    ['other.example', '/tools', 'tools'],
    ['', 'https://secure.example/', 'secure at tls'],
    ['', 'http://secure.example/', 'gate  at plain'],
    ['', 'https://other.example/tools', 'tools'],
  ];
  for (const [host, target, expected] of rows) assert.equal(taken(host, target), expected, `${host} ${target}`);
});

test('a Gateway that is named takes no host of a Service on a port that it shares', () => {
  assert.equal(taken('b.shop.example', '/', undefined, '80'), 'b');
  assert.equal(taken('x.shop.example', '/', undefined, '80'), 'gate *.shop.example at plain');
});
