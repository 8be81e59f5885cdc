import type { Certificate } from '../model/certificate.ts';
import type { GatewayPort, PortChanges } from '../model/gateway-port.ts';
import { Newest } from './newest.ts';

/** Several changes of the ports of Gateways as one: of each certificate and each port the newest. */
export class PendingPorts {
  readonly #certificates = new Newest<Certificate>(({ id }) => id);
  readonly #ports = new Newest<GatewayPort>(({ id }) => id);

  add({ certificates, ports }: PortChanges): void {
    this.#certificates.add(certificates);
    this.#ports.add(ports);
  }

  toChanges(): PortChanges {
    return { certificates: this.#certificates.toChanges(), ports: this.#ports.toChanges() };
  }
}
