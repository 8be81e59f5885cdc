import { isDeepStrictEqual } from 'node:util';
import type { Certificate, CertificateId } from '../../model/certificate.ts';
import type { GatewayPort, PortChanges, PortId } from '../../model/gateway-port.ts';
import type { ClusterId } from '../../model/route.ts';

/** What has changed of the ports of Gateways, and the clusters that their streams lead to. */
export interface PortCommit {
  /** Undefined: nothing. */
  readonly changes: PortChanges | undefined;
  readonly come: readonly ClusterId[];
  readonly gone: readonly ClusterId[];
}

/** The ports of Gateways with their certificates, as the workers have them. */
export class GatewayPorts {
  #ports: ReadonlyMap<PortId, GatewayPort> = new Map();
  #certificates: ReadonlyMap<CertificateId, Certificate> = new Map();
  #wanted: readonly GatewayPort[] = [];
  #wantedCertificates: readonly Certificate[] = [];
  #isChanged = false;

  /** As of the last commit. */
  all(): Iterable<GatewayPort> {
    return this.#ports.values();
  }

  /** These are all. */
  set(ports: readonly GatewayPort[], certificates: readonly Certificate[]): void {
    this.#wanted = ports;
    this.#wantedCertificates = certificates;
    this.#isChanged = true;
  }

  /** What has changed since the last time. */
  commit(): PortCommit {
    if (!this.#isChanged) return NOTHING;
    this.#isChanged = false;
    const [before, certificatesBefore] = [this.#ports, this.#certificates];
    const used = new Set(this.#wanted.flatMap(({ listeners }) => listeners.flatMap(one => one.certificates)));
    this.#certificates = new Map(
      this.#wantedCertificates.filter(({ id }) => used.has(id)).map(certificate => [certificate.id, certificate]),
    );
    // What is the same as before stays the same object.
    this.#ports = new Map(
      this.#wanted.map(port => {
        const known = before.get(port.id);
        return [port.id, isDeepStrictEqual(known, port) ? (known as GatewayPort) : port];
      }),
    );
    const upserts = [...this.#ports.values()].filter(port => port !== before.get(port.id));
    const removals = [...before.keys()].filter(id => !this.#ports.has(id));
    if (upserts.length + removals.length === 0) return NOTHING;
    return {
      changes: {
        certificates: {
          upserts: [...this.#certificates.values()].filter(({ id }) => !certificatesBefore.has(id)),
          removals: [...certificatesBefore.keys()].filter(id => !this.#certificates.has(id)),
        },
        ports: { upserts, removals },
      },
      come: upserts.flatMap(clustersOfStreams),
      gone: [...upserts.map(({ id }) => id), ...removals].flatMap(id => clustersOfStreams(before.get(id))),
    };
  }
}

const NOTHING: PortCommit = { changes: undefined, come: [], gone: [] };

function clustersOfStreams(port: GatewayPort | undefined): ClusterId[] {
  const streams = port?.listeners.flatMap(listener => listener.streams ?? []) ?? [];
  return streams.flatMap(({ backends }) => backends.map(({ cluster }) => cluster));
}
