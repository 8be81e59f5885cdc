import type { Certificate } from '../model/certificate.ts';
import type { TlsChanges } from '../model/delta.ts';
import type { TlsHost } from '../model/tls-host.ts';
import { Newest } from './newest.ts';

/** Several changes of TLS as one: of each certificate and each host the newest. */
export class PendingTls {
  readonly #certificates = new Newest<Certificate>(({ id }) => id);
  readonly #hosts = new Newest<TlsHost>(({ host }) => host);

  add({ certificates, hosts }: TlsChanges): void {
    this.#certificates.add(certificates);
    this.#hosts.add(hosts);
  }

  toChanges(): TlsChanges {
    return { certificates: this.#certificates.toChanges(), hosts: this.#hosts.toChanges() };
  }
}
