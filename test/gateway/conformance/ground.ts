/** What the suite runs on: a cluster with the CustomResourceDefinitions, pods that answer, a GatewayClass, and the program. */
import { messageOf } from '../../../src/errors.ts';
import { type Channel, gatewayManifests } from '../../support/gateway-assets.ts';
import { RealEntry } from '../../support/real-entry.ts';
import { RealKube } from '../../support/real-kube.ts';
import { EchoKubelet } from './echo-kubelet.ts';

const LOG_END = 4_000;

const CONTROLLER = 'kube-entry.io/gateway';
const CLASS = 'gateway-conformance';

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

  static async start(channel: Channel): Promise<Ground> {
    const ground = new Ground(await RealKube.start());
    try {
      await ground.#build(channel);
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

  async #build(channel: Channel): Promise<void> {
    const { kubectl } = this.#kube;
    await this.#kube.startControllerManager('namespace', 'garbagecollector');
    this.#parts.use(await EchoKubelet.start(this.#kube));
    // An annotation with the whole object would be larger than annotations may be.
    await kubectl.run(['apply', '--server-side', ...gatewayManifests(channel).map(file => `--filename=${file}`)]);
    await kubectl.run(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
    this.#entry = this.#parts.use(await this.#startEntry());
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
    } catch (error) {
      throw new Error(`${messageOf(error)}; the end of its log: ${entry.written.slice(-LOG_END)}`, { cause: error });
    }
  }

  async #startEntry(): Promise<RealEntry> {
    const kubeconfig = this.#kube.kubeconfig('admin');
    const gateways = ['--gateway-controller', CONTROLLER, '--gateway-mode', 'addresses'];
    return RealEntry.start('--kubeconfig', kubeconfig, ...gateways, '--gateway-addresses', ADDRESSES.join());
  }
}
