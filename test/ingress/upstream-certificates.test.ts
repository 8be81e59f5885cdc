import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { describe, it, type TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';
import { serviceObjects } from './objects.ts';
import { IngressScene } from './scene.ts';

const SERVER = selfSigned({ names: ['pods.test'] });
const ENTRY = selfSigned({ commonName: 'entry' });
const STRANGER = selfSigned({ commonName: 'stranger' });

/** Serves those who show the certificate, and says their name. */
async function startPod(t: TestContext, { cert }: SelfSigned): Promise<ListenAddress> {
  const server = createServer({ ...SERVER, requestCert: true, ca: cert }, (request, response) => {
    response.end(`${(request.socket as TLSSocket).getPeerCertificate().subject?.CN}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { host: '127.0.0.1', port: address.port };
}

function secret(name: string, stringData: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData };
}

type Annotations = Readonly<Record<string, string>>;

async function entry(t: TestContext, annotations: Annotations): Promise<IngressScene> {
  const pod = await startPod(t, ENTRY);
  return await IngressScene.start(t, {
    name: 'certificates shown to pods',
    ingresses: [
      { host: 'a.test', paths: { '/': 's' }, annotations: { 'backend-protocol': 'HTTPS', ...annotations } },
      { host: 'a.test', paths: { '/other': 's' }, annotations: { 'backend-protocol': 'HTTPS' } },
    ],
    services: { s: null },
    objects: [
      secret('own', { 'tls.crt': ENTRY.cert, 'tls.key': ENTRY.key }),
      secret('both', { 'tls.crt': ENTRY.cert, 'tls.key': ENTRY.key, 'ca.crt': SERVER.cert }),
      secret('stranger', { 'tls.crt': STRANGER.cert, 'tls.key': STRANGER.key, 'ca.crt': ENTRY.cert }),
      secret('mixed', { 'tls.crt': ENTRY.cert, 'tls.key': STRANGER.key }),
      secret('neither', { password: 'x' }),
      ...(serviceObjects('default/s', [pod], {}) as Readonly<Record<string, unknown>>[]),
    ],
    requests: [],
  });
}

const VERIFIED = { 'proxy-ssl-verify': 'on', 'proxy-ssl-name': 'pods.test' };

describe('proxy-ssl-secret', { concurrency: 4 }, () => {
  const rows: readonly (readonly [what: string, annotations: Annotations, status: number])[] = [
    ['shows its certificate to pods', { 'proxy-ssl-secret': 'default/own' }, 200],
    ['shows it to pods that it verifies', { 'proxy-ssl-secret': 'both', ...VERIFIED }, 200],
    ['shows one that the pod does not take', { 'proxy-ssl-secret': 'stranger' }, 502],
    ['has no authorities to verify pods by', { 'proxy-ssl-secret': 'own', ...VERIFIED }, 503],
    ['has authorities that have not signed for the pod', { 'proxy-ssl-secret': 'stranger', ...VERIFIED }, 502],
    ['has a key that is not that of its certificate', { 'proxy-ssl-secret': 'mixed' }, 503],
    ['has neither certificate nor authorities', { 'proxy-ssl-secret': 'neither' }, 503],
    ['is missing', { 'proxy-ssl-secret': 'gone' }, 503],
  ];
  for (const [what, annotations, status] of rows) {
    it(what, async t => {
      const scene = await entry(t, annotations);
      await scene.check({ get: '/', status, ...(status === 200 && { says: 'entry' }) });
      // Connections of the other Ingress have no certificate to show.
      await scene.check({ get: '/other', status: 502 });
      for (const line of scene.proxy.logLines) assert.doesNotMatch(line, /PRIVATE KEY/);
    });
  }
});
