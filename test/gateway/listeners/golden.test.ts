import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Condition, ListenerStatus, ObjectStatus } from '../../../src/translate/gateway/gateway-status.ts';
import { gateway, HTTP, https, listenerSet, SECRETS, statusesOf, type World } from './scene.ts';

const GOLDEN = new URL('golden/statuses.txt', import.meta.url);

/** Something of everything that can be wrong. */
const WORLD: World = {
  gateways: [
    gateway(
      {
        addresses: [{ value: '192.0.2.1' }, { value: '198.51.100.7' }],
        listeners: [
          HTTP,
          { ...HTTP, name: 'admin', port: 8080, hostname: 'admin.example.com' },
          https(),
          https({ name: 'shop', hostname: '*.shop.example.com' }),
          https({ name: 'no-secret', hostname: 'other.example' }, { name: 'missing' }),
          https({ name: 'no-grant', hostname: 'third.example' }, { namespace: 'certificates' }),
          https({ name: 'no-authority', port: 8443 }),
          { ...HTTP, name: 'twin', port: 8080, hostname: 'twin.example.com' },
          { ...HTTP, name: 'other-twin', port: 8080, hostname: 'twin.example.com' },
          { ...HTTP, name: 'postgres', port: 5432, protocol: 'TCP' },
          { ...HTTP, name: 'kinds', port: 8081, allowedRoutes: { kinds: [{ kind: 'TLSRoute' }] } },
          https({ name: 'waiting', hostname: 'waiting.example' }, { name: 'waiting' }),
        ],
        allowedListeners: { namespaces: { from: 'Same' } },
        tls: {
          backend: { clientCertificateRef: { name: 'missing' } },
          frontend: {
            default: {
              validation: {
                caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
                mode: 'AllowInsecureFallback',
              },
            },
            perPort: [
              { port: 8443, tls: { validation: { caCertificateRefs: [{ group: '', kind: 'Service', name: 'ca' }] } } },
            ],
          },
        },
      },
      { name: 'edge', createdAt: '2025-01-01T00:00:00Z' },
    ),
    gateway({ addresses: [{ value: '192.0.2.1' }] }, { name: 'late', createdAt: '2026-01-01T00:00:00Z' }),
    gateway({ gatewayClassName: 'ours', addresses: [{ type: 'Hostname', value: 'a.example' }] }, { name: 'named' }),
  ],
  listenerSets: [
    listenerSet(
      [{ ...HTTP, hostname: 'tenant.example' }, HTTP].map((one, index) => ({ ...one, name: `l${index}` })),
      {
        name: 'tenant',
        parent: { name: 'edge' },
      },
    ),
    listenerSet([HTTP], { name: 'stranger', namespace: 'elsewhere', parent: { name: 'edge' } }),
    listenerSet([HTTP], { name: 'orphan', parent: { name: 'named' } }),
  ],
  secrets: {
    'infra/certificate': SECRETS['infra/certificate'],
    'infra/waiting': undefined,
  },
  configMaps: { 'infra/ca': { value: 'PEM' } },
  addresses: ['192.0.2.1', '192.0.2.2'],
  portState: port =>
    port.endsWith(':8080')
      ? { state: 'failed', code: 'EADDRINUSE', why: 'another program listens on it' }
      : { state: 'listening' },
  attached: ({ section }) => (section === 'http' ? 2 : 0),
};

test('statuses say what is wrong, where, and what to do', () => {
  assert.equal(statusesOf(WORLD).map(written).join('\n'), readFileSync(GOLDEN, 'utf8'));
});

/** As people read it. */
function written({ object: { kind, namespace, name }, status }: ObjectStatus): string {
  assert.ok('listeners' in status);
  const addresses = 'addresses' in status ? status.addresses.map(({ value }) => `  at ${value}\n`) : [];
  const sets = 'attachedListenerSets' in status ? `  ListenerSets: ${status.attachedListenerSets}\n` : '';
  return [
    `${kind} ${namespace}/${name}\n`,
    ...addresses,
    sets,
    ...status.conditions.map(line),
    ...status.listeners.map(listener),
  ].join('');
}

function listener({ name, attachedRoutes, supportedKinds, conditions }: ListenerStatus): string {
  const kinds = supportedKinds.map(({ kind }) => kind).join(', ') || 'none';
  return `  listener ${name}: ${attachedRoutes} routes of ${kinds}\n${conditions.map(one => `  ${line(one)}`).join('')}`;
}

function line({ type, status, reason, message }: Condition): string {
  return `  ${type} ${status} ${reason}: ${message}\n`;
}
