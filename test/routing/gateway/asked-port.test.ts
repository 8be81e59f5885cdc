import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../../src/errors.ts';
import type { GatewayPort } from '../../../src/model/gateway-port.ts';
import { type AskedPort, askedPort } from '../../../src/routing/gateway/asked-port.ts';

function port(host: string, publicPort: number, ...names: string[]): GatewayPort {
  return {
    ...{ id: `${host}:${publicPort}`, listen: { host, port: publicPort }, publicPort },
    transport: publicPort === 443 ? 'tls' : 'plain',
    listeners: names.map(name => ({ name, hostname: name, serves: 'http', certificates: [] })),
  };
}

const PORTS = [
  port('127.0.0.2', 80, 'infra/web/http'),
  port('127.0.0.2', 443, 'infra/web/https', 'shop/set/https'),
  port('127.0.0.3', 80, 'infra/other/http'),
];

test('a port is named by its Gateway, its ListenerSet or its address, and by its number or scheme', () => {
  const rows: [asked: AskedPort, id: string][] = [
    [{ gateway: 'infra/other' }, '127.0.0.3:80'],
    [{ gateway: '127.0.0.3' }, '127.0.0.3:80'],
    [{ gateway: 'shop/set' }, '127.0.0.2:443'],
    [{ gateway: 'infra/web', port: '80' }, '127.0.0.2:80'],
    [{ gateway: 'infra/web', isSecure: true }, '127.0.0.2:443'],
    [{ gateway: 'infra/web', isSecure: false }, '127.0.0.2:80'],
    [{ port: '443' }, '127.0.0.2:443'],
    // A scheme chooses, and does not exclude.
    [{ gateway: 'infra/other', isSecure: true }, '127.0.0.3:80'],
  ];
  for (const [asked, id] of rows) assert.equal(askedPort(PORTS, asked).id, id, JSON.stringify(asked));
});

test('where none or several are meant, all that could be are named', () => {
  assert.throws(() => askedPort(PORTS, { gateway: 'infra/none' }), {
    name: FormatError.name,
    message:
      'gateway infra/none: no Gateway has it. There are: infra/web port 80 at 127.0.0.2:80; infra/web and shop/set port 443 at 127.0.0.2:443; infra/other port 80 at 127.0.0.3:80',
  });
  assert.throws(() => askedPort(PORTS, { gateway: 'infra/web' }), {
    message:
      'gateway infra/web: say which. There are: infra/web port 80 at 127.0.0.2:80; infra/web and shop/set port 443 at 127.0.0.2:443',
  });
  assert.throws(() => askedPort([], { port: '80' }), { message: 'port 80: no Gateway has it. There are no Gateways.' });
});
