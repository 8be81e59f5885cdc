import { X509Certificate } from 'node:crypto';
import type { Certificate, CertificateId } from '../model/certificate.ts';
import type { GatewayPort, PortChanges, PortId } from '../model/gateway-port.ts';
import { GatewayPortState } from './gateway-port-state.ts';

/** The ports of Gateways in a worker, and the certificates of their listeners. */
export class GatewayPorts {
  readonly #random: () => number;
  readonly #ports = new Map<PortId, GatewayPortState>();
  /** By transport, those that are shared with Services and Ingresses. */
  readonly #shared: { [Transport in GatewayPort['transport']]?: GatewayPortState | undefined } = {};
  #areShared = false;
  #revision = 0;
  readonly #certificates = new Map<CertificateId, Certificate>();
  /** As far as they were needed to choose among several. */
  readonly #parsed = new WeakMap<Certificate, X509Certificate>();

  /** @param random from 0 to 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  get(id: PortId): GatewayPortState | undefined {
    return this.#ports.get(id);
  }

  /** Whether Gateways are served on the program's own ports. */
  get areShared(): boolean {
    return this.#areShared;
  }

  /** Another number after each change. */
  get revision(): number {
    return this.#revision;
  }

  /** What Gateways have on the program's own port for a transport; undefined: nothing. */
  shared(transport: GatewayPort['transport']): GatewayPortState | undefined {
    return this.#shared[transport];
  }

  /** Certificates come before the ports that name them, and go after them. */
  apply({ certificates, ports }: PortChanges): void {
    for (const certificate of certificates.upserts) this.#certificates.set(certificate.id, certificate);
    for (const port of ports.upserts) {
      const known = this.#ports.get(port.id);
      if (known === undefined) this.#ports.set(port.id, new GatewayPortState(port, this.#random));
      else known.change(port);
    }
    for (const id of ports.removals) {
      const gone = this.#ports.get(id);
      if (gone !== undefined) gone.isClosed = true;
      this.#ports.delete(id);
    }
    for (const id of certificates.removals) this.#certificates.delete(id);
    this.#findShared();
  }

  /** Of several, the one that has the longest name for the server; where none has one, the first. */
  certificateFor(ids: readonly CertificateId[], serverName: string): Certificate | undefined {
    const [first, ...others] = ids.flatMap(id => this.#certificates.get(id) ?? []);
    if (first === undefined || others.length === 0 || serverName === '') return first;
    let [best, length] = [first, 0];
    for (const certificate of [first, ...others]) {
      const name = this.#parse(certificate).checkHost(serverName);
      if (name === undefined) continue;
      // The name itself is closer than a wildcard of the same length.
      const closeness = name.startsWith('*') ? name.length : name.length + 1;
      if (closeness > length) [best, length] = [certificate, closeness];
    }
    return best;
  }

  #findShared(): void {
    const shared = [...this.#ports.values()].filter(({ port }) => port.isShared === true);
    for (const transport of ['plain', 'tls'] as const)
      this.#shared[transport] = shared.find(({ port }) => port.transport === transport);
    this.#areShared = shared.length > 0;
    this.#revision += 1;
  }

  #parse(certificate: Certificate): X509Certificate {
    let parsed = this.#parsed.get(certificate);
    if (parsed === undefined) {
      parsed = new X509Certificate(certificate.chain.toString());
      this.#parsed.set(certificate, parsed);
    }
    return parsed;
  }
}
