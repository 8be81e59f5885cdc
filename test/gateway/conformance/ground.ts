/** What the suite runs on: a cluster with the CustomResourceDefinitions, pods that answer, a GatewayClass, and the program. */
import { messageOf } from '../../../src/errors.ts';
import { podAddress } from '../../support/cluster-network.ts';
import { type Channel, gatewayManifests } from '../../support/gateway-assets.ts';
import { RealEntry } from '../../support/real-entry.ts';
import { RealKube } from '../../support/real-kube.ts';
import { EchoKubelet } from './echo-kubelet.ts';
import type { Mode } from './options.ts';
import { ServiceNetwork } from './service-network.ts';

const LOG_END = 4_000;

const CONTROLLER = 'kube-entry.io/gateway';
const CLASS = 'gateway-conformance';
/** Its endpoints are the program's own pods. */
const OWN = { namespace: 'kube-entry', name: 'kube-entry' };

/** For Gateways. Those of the suite are up to thirty at a time. */
const ADDRESSES = Array.from({ length: 60 }, (_, index) => `127.2.0.${index + 1}`);
/** The last one is free when a test asks for it. */
export const USABLE_ADDRESS = '127.2.0.60';
/** Not of this machine (RFC 5737). */
export const UNUSABLE_ADDRESS = '192.0.2.1';

export class Ground implements AsyncDisposable {
  readonly #parts = new AsyncDisposableStack();
  readonly #kube: RealKube;
  #entry: RealEntry | undefined;

  private constructor(kube: RealKube) {
    this.#kube = kube;
    this.#parts.defer(() => kube.stop());
  }

  static async start(channel: Channel, mode: Mode): Promise<Ground> {
    const ground = new Ground(await RealKube.start());
    try {
      await ground.#build(channel, mode);
      return ground;
    } catch (error) {
      await ground[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }

  /** Of a user who may do everything. */
  get kubeconfig(): string {
    return this.#kube.kubeconfig('admin');
  }

  /** What helps to find a fault, by the names of files. */
  async remains(): Promise<Record<string, string>> {
    const kinds =
      'gatewayclasses,gateways,httproutes,grpcroutes,tlsroutes,listenersets,backendtlspolicies,services,pods';
    const objects = await this.#kube.kubectl.run(['get', kinds, '--all-namespaces', '--output', 'yaml']);
    return { 'entry.log': this.#entry?.written ?? '', 'objects.yaml': objects };
  }

  async #build(channel: Channel, mode: Mode): Promise<void> {
    const { kubectl } = this.#kube;
    await this.#kube.startControllerManager('namespace', 'garbagecollector');
    this.#parts.use(await EchoKubelet.start(this.#kube));
    // An annotation with the whole object would be larger than annotations may be.
    await kubectl.run(['apply', '--server-side', ...gatewayManifests(channel).map(file => `--filename=${file}`)]);
    await kubectl.run(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
    this.#entry = this.#parts.use(await this.#startEntry(mode));
    await kubectl.apply({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name: CLASS },
      spec: { controllerName: CONTROLLER },
    });
    await this.#awaitEntry(this.#entry);
  }

  /** @throws Error with the end of its log */
  async #awaitEntry(entry: RealEntry): Promise<void> {
    try {
      await entry.ready();
      // The suite reads the features of the class once, before it waits for anything.
      const { kubectl } = this.#kube;
      await kubectl.run(['wait', '--for=condition=Accepted', `gatewayclass/${CLASS}`, '--timeout=60s']);
    } catch (error) {
      throw new Error(`${messageOf(error)}; the end of its log: ${entry.written.slice(-LOG_END)}`, { cause: error });
    }
  }

  async #startEntry(mode: Mode): Promise<RealEntry> {
    const kubeconfig = this.#kube.kubeconfig('admin');
    const gateways = ['--gateway-controller', CONTROLLER, '--gateway-mode', mode];
    const places = await this.#placesOf(mode);
    return RealEntry.start('--kubeconfig', kubeconfig, ...gateways, ...places);
  }

  async #placesOf(mode: Mode): Promise<string[]> {
    switch (mode) {
      case 'addresses':
        return ['--gateway-addresses', ADDRESSES.join()];
      case 'service':
        return this.#servicePlaces();
      case 'shared': {
        const at = ['--listen', `${USABLE_ADDRESS}:80`, '--tls-listen', `${USABLE_ADDRESS}:443`];
        return [...at, '--publish-address', USABLE_ADDRESS];
      }
    }
  }

  /** The Service that names the program's own pods, and what leads clients to Services. */
  async #servicePlaces(): Promise<string[]> {
    const { kubectl } = this.#kube;
    const metadata = { name: OWN.name, namespace: OWN.namespace };
    await kubectl.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: OWN.namespace } });
    await kubectl.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80 }] } });
    await kubectl.apply({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': OWN.name } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [podAddress()], conditions: { ready: true } }],
      ports: [{ port: 8080 }],
    });
    this.#parts.use(ServiceNetwork.start(this.#kube, ADDRESSES, USABLE_ADDRESS));
    return ['--listen', '0.0.0.0:0', '--gateway-endpoints', `${OWN.namespace}/${OWN.name}`];
  }
}
