import type { Certificate, CertificateId } from '../../../model/certificate.ts';
import type { TlsChanges } from '../../../model/delta.ts';
import type { TlsHost } from '../../../model/tls-host.ts';

/** A host of the TLS port, with its certificate. */
export interface TlsHostState {
  readonly host: TlsHost;
  /** Undefined: the default certificate serves the host. */
  readonly certificate: Certificate | undefined;
}

/** The hosts and certificates of a worker, which handshakes look up by name. */
export class TlsHosts {
  readonly #certificates = new Map<CertificateId, Certificate>();
  readonly #hosts = new Map<string, TlsHost>();

  #revision = 0;

  /** Another number after each change. */
  get revision(): number {
    return this.#revision;
  }

  /** How many hosts there are. */
  get size(): number {
    return this.#hosts.size;
  }

  /** Certificates come before the hosts that name them, and go after them. */
  apply({ certificates, hosts }: TlsChanges): void {
    for (const certificate of certificates.upserts) this.#certificates.set(certificate.id, certificate);
    for (const host of hosts.upserts) this.#hosts.set(host.host, host);
    for (const name of hosts.removals) this.#hosts.delete(name);
    for (const id of certificates.removals) this.#certificates.delete(id);
    this.#revision += 1;
  }

  /**
   * The host of this name, else the wildcard that takes it: a `*` stands for exactly one label (RFC 9525 section 6.3).
   * @param serverName in lower case
   */
  lookup(serverName: string): TlsHostState | undefined {
    const host = this.host(serverName);
    if (host === undefined) return undefined;
    const { certificate } = host;
    return { host, certificate: certificate === undefined ? undefined : this.#certificates.get(certificate) };
  }

  /** As lookup(), without the certificate. */
  host(name: string): TlsHost | undefined {
    if (this.#hosts.size === 0) return undefined;
    return this.#hosts.get(name) ?? this.#wildcardOf(name);
  }

  /** Whether a host here is closer to a name than a hostname of listeners that takes it, too. */
  namesMoreClosely(name: string, hostname: string): boolean {
    if (this.#hosts.size === 0) return false;
    const found = this.host(name)?.host ?? '';
    return found === name ? hostname !== name : found.length > hostname.length;
  }

  #wildcardOf(serverName: string): TlsHost | undefined {
    const dot = serverName.indexOf('.');
    return dot > 0 ? this.#hosts.get(`*${serverName.slice(dot)}`) : undefined;
  }
}
