/** Two running instances and what happens to them: traffic, errors, refusals, conflicts, changes of routes. */
import type { TestContext } from 'node:test';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { ServingProgram } from '../cli/serve-fixture.ts';
import { atEnd } from '../support/cleanup.ts';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { CONTROLLER, gateway, gatewayClass, httpRoute, namespace } from '../support/gateways.ts';
import { KubeApi } from '../support/kube-api.ts';
import { RawClient } from '../support/raw-client.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { serverPort } from '../support/server-port.ts';
import { type ServiceManifest, service } from '../support/services.ts';

/** Refuses connections. A port that is no longer listened on would be given to other tests. */
const NOBODY = { address: { host: '127.0.0.1', port: 1 } };

export class Scenario {
  readonly #api: KubeApi;
  /** Of the manifests. */
  readonly #objects: readonly object[];
  readonly #spare: ServiceManifest;
  /** Follows the Services of an API server, and those of files. */
  readonly instances: Readonly<Record<'kube' | 'manifests', ServingProgram>>;
  #round = 0;

  private constructor(
    api: KubeApi,
    objects: readonly object[],
    spare: ServiceManifest,
    instances: Scenario['instances'],
  ) {
    this.#api = api;
    this.#objects = objects;
    this.#spare = spare;
    this.instances = instances;
  }

  static async start(t: TestContext): Promise<Scenario> {
    const shop = await RawUpstream.start(t);
    const failing = await RawUpstream.start(t, answering(answer('no', '', '500 Internal Server Error')));
    const services = [
      entryService('shop', shop),
      entryService('failing', failing),
      entryService('broken', NOBODY),
      entryService('refused', shop, 'no-slash'),
      entryService('unlucky', shop, '/shop'),
      service('closed', { address: shop.address, annotations: { path: '/closed', 'deny-from': '127.0.0.0/8' } }),
      service('uncertified', {
        address: shop.address,
        annotations: { path: '/uncertified', host: 'tls.example', 'tls-secret': 'missing' },
      }),
    ];
    const api = await KubeApi.start();
    atEnd(t, () => api[Symbol.asyncDispose]());
    for (const one of services) api.apply(one);
    const listeners = [{ name: 'http', port: await serverPort(), protocol: 'HTTP' }];
    for (const one of [namespace('default'), gatewayClass(), gateway('gate', { listeners }), httpRoute('shop')])
      api.apply(one);
    const kube = await ServingProgram.start(t, {
      workers: 2,
      args: [
        ...['--source', 'kube', '--kubeconfig', api.writeKubeconfig(), '--access-log', 'json'],
        ...['--gateway-controller', CONTROLLER, '--gateway-addresses', '127.0.0.1'],
      ],
    });
    const { host, port } = shop.address;
    const balanced = service('balanced', {
      address: shop.address,
      annotations: { path: '/balanced', balance: 'least-request' },
    });
    const pods = endpointSlice('balanced', {
      ports: [{ name: 'http', port, protocol: 'TCP' }],
      endpoints: [endpoint(host, 'balanced-1')],
    });
    const objects = [...services, balanced, pods];
    // Nothing can listen on this port: the replica keeps rate limits alone, and says so.
    const args = ['--tls-listen', '127.0.0.1:0', '--rate-limit-redis', 'redis://127.0.0.1:1'];
    const manifests = await ServingProgram.start(t, { workers: 2, manifests: objects, args });
    return new Scenario(api, objects, entryService('spare', shop), { kube, manifests });
  }

  /** A round of requests to each instance, good and bad, and a route that comes or goes. */
  async act(): Promise<void> {
    this.#round += 1;
    const hasSpare = this.#round % 2 === 1;
    if (hasSpare) this.#api.apply(this.#spare);
    else this.#api.remove('default', 'spare');
    await this.instances.manifests.writeManifests(hasSpare ? [...this.#objects, this.#spare] : this.#objects);
    for (const program of Object.values(this.instances)) {
      for (let count = 0; count < 6; count += 1) await program.get('/shop/x');
      for (let count = 0; count < 3; count += 1) await program.get('/failing');
      for (let count = 0; count < 3; count += 1) await program.get('/broken');
      await program.get('/closed');
      await program.get(`/nowhere/${this.#round}?secret=${this.#round}`);
    }
    await this.#shakeHands(this.instances.manifests.tlsAddress);
  }

  /** Makes a handshake of TLS, and fails at one. */
  async #shakeHands(address: ListenAddress): Promise<void> {
    const good = await RawClient.connectTls(address);
    good.destroy();
    const bad = await RawClient.connect(address);
    await bad.send('no TLS');
    bad.destroy();
  }
}

/** At `/NAME` if no other path is given. */
function entryService(name: string, { address }: Pick<RawUpstream, 'address'>, path = `/${name}`): ServiceManifest {
  return service(name, { address, annotations: { path } });
}
