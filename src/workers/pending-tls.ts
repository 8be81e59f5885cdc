import type { Certificate, CertificateId } from '../model/certificate.ts';
import type { TlsChanges } from '../model/delta.ts';
import type { TlsHost } from '../model/tls-host.ts';

/** Several changes of TLS as one: of each certificate and each host the newest. */
export class PendingTls {
  /** Undefined: it goes. */
  readonly #certificates = new Map<CertificateId, Certificate | undefined>();
  readonly #hosts = new Map<string, TlsHost | undefined>();

  add({ certificates, hosts }: TlsChanges): void {
    for (const certificate of certificates.upserts) this.#certificates.set(certificate.id, certificate);
    for (const host of hosts.upserts) this.#hosts.set(host.host, host);
    for (const name of hosts.removals) this.#hosts.set(name, undefined);
    for (const id of certificates.removals) this.#certificates.set(id, undefined);
  }

  toChanges(): TlsChanges {
    return { certificates: changesOf(this.#certificates), hosts: changesOf(this.#hosts) };
  }
}

function changesOf<T>(newest: ReadonlyMap<string, T | undefined>): { upserts: T[]; removals: string[] } {
  const entries = [...newest];
  return {
    upserts: entries.flatMap(([, value]) => value ?? []),
    removals: entries.flatMap(([key, value]) => (value === undefined ? key : [])),
  };
}
