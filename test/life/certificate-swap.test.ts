/** Certificates that change while clients use the TLS port of the real program. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { connect } from 'node:tls';
import { type ListenAddress, parseListenAddress } from '../../src/formats/listen-address.ts';
import { scratchDirectory } from '../cli/cli-fixture.ts';
import { ServingProgram } from '../cli/serve-fixture.ts';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';
import { tlsSecret } from '../support/secrets.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';
import { service } from '../support/services.ts';

const HOST = 'shop.example';
const CONNECTIONS = 6;
const SWAPS = 5;
/** Connections live as long as the test. */
const TLS = ['--tls-listen', '127.0.0.1:0', '--keepalive-requests', '1000000'];

async function backend(t: TestContext): Promise<ListenAddress> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (_, response) => response.end('answered'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => void server.close());
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

/** The certificate that a handshake gets now. */
async function served({ host, port }: ListenAddress, servername: string): Promise<string> {
  const socket = connect({ host, port, servername, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  return certificate?.fingerprint256 ?? '';
}

function fingerprint({ cert }: SelfSigned): string {
  return new X509Certificate(cert).fingerprint256;
}

/** Clients that ask without a pause, each on one connection: its end, and each answer that fails, is a failure. */
class Load {
  answers = 0;
  connections = 0;
  readonly failures: string[] = [];
  #isOver = false;
  readonly #running: Promise<void>[];

  constructor({ host, port }: ListenAddress, servername: string) {
    this.#running = Array.from({ length: CONNECTIONS }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const sockets = new Set<unknown>();
      while (!this.#isOver) {
        try {
          const asked = request({
            host,
            port,
            servername,
            agent,
            rejectUnauthorized: false,
            headers: { host: servername },
          }).end();
          const [response] = await once(asked, 'response');
          sockets.add(asked.socket);
          const body = await text(response);
          if (response.statusCode !== 200 || body !== 'answered') this.failures.push(`${response.statusCode} ${body}`);
          this.answers += 1;
        } catch (error) {
          this.failures.push(String(error));
        }
      }
      this.connections += sockets.size;
      agent.destroy();
    });
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }
}

describe('a certificate that changes under load', { timeout: 600_000 }, () => {
  it('of a Secret serves the next handshakes of all workers, and no connection ends for it', async t => {
    const address = await backend(t);
    const web = service('web', { annotations: { path: '/', host: HOST, 'tls-secret': 'shop-tls' }, address });
    const manifests = (pair: SelfSigned) => [web, tlsSecret('shop-tls', pair)];
    const first = selfSigned({ names: [HOST] });
    const program = await ServingProgram.start(t, { workers: 2, manifests: manifests(first), args: TLS });
    const tls = tlsAddress(program);
    await eventually('the first certificate', async () => (await served(tls, HOST)) === fingerprint(first));
    const load = new Load(tls, HOST);
    for (let swap = 0; swap < SWAPS; swap += 1) {
      const next = selfSigned({ names: [HOST] });
      await program.writeManifests(manifests(next));
      await eventually('the next certificate', async () => (await served(tls, HOST)) === fingerprint(next));
      const before = load.answers;
      await eventually('answers after it', () => load.answers > before + CONNECTIONS);
    }
    await load.end();
    assert.deepEqual([load.failures, load.connections], [[], CONNECTIONS]);
  });

  it('of two files, too, and a pair that does not belong together changes nothing', async t => {
    const address = await backend(t);
    const directory = await scratchDirectory(t);
    const [certificate, key] = [join(directory, 'tls.crt'), join(directory, 'tls.key')];
    const [first, next] = [selfSigned({ names: [HOST] }), selfSigned({ names: [HOST] })];
    await writeFile(certificate, first.cert);
    await writeFile(key, first.key, { mode: 0o400 });
    const args = [...TLS, '--tls-certificate', certificate, '--tls-key', key];
    const web = service('web', { annotations: { path: '/', host: HOST }, address });
    const program = await ServingProgram.start(t, { workers: 2, manifests: [web], args, directory });
    const tls = tlsAddress(program);
    const load = new Load(tls, HOST);
    await replace(certificate, next.cert);
    await program.logged('the default certificate stays as it is: the new one cannot be used');
    assert.equal(await served(tls, HOST), fingerprint(first));
    await replace(key, next.key);
    await eventually('the next certificate', async () => (await served(tls, HOST)) === fingerprint(next));
    await load.end();
    assert.deepEqual([load.failures, load.connections], [[], CONNECTIONS]);
    const said = JSON.stringify(program.log) + program.complaints + program.stdout;
    for (const line of [first, next].flatMap(pair => pair.key.split('\n').slice(1, -2)))
      assert.ok(!said.includes(line));
  });
});

function tlsAddress({ log }: ServingProgram): ListenAddress {
  return parseListenAddress(String(log.find(({ msg }) => msg === 'listening')?.tlsListen));
}

async function replace(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content, { mode: 0o400 });
  await rename(`${path}.new`, path);
}
