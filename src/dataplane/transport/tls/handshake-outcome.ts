import { X509Certificate } from 'node:crypto';
import type { TlsSession } from '../../pipeline/known-client.ts';
import type { TlsHandle } from './tls-handle.ts';

/** OpenSSL verifies no longer chain. */
const MOST_COUNTED = 100;

/** What a handshake has agreed on. It reads its handle: to be asked before anything else happens. */
export class HandshakeOutcome {
  readonly #handle: TlsHandle;

  constructor(handle: TlsHandle) {
    this.#handle = handle;
  }

  get version(): TlsSession['version'] {
    return this.#handle.getProtocol() === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1.2';
  }

  /** By OpenSSL's name. */
  get cipher(): string {
    return this.#handle.getCipher().name;
  }

  get isResumed(): boolean {
    return this.#handle.isSessionReused();
  }

  /** What is spoken, by its ALPN name; empty where the peer does not know ALPN. */
  get protocol(): string {
    return this.#handle.getALPNNegotiatedProtocol() || '';
  }

  /** Undefined where the peer sent none. */
  get certificate(): X509Certificate | undefined {
    const raw = this.#handle.getPeerCertificate(false)?.raw;
    return raw && new X509Certificate(raw);
  }

  /** How many certificates stand between that certificate and the last of its chain. */
  get intermediates(): number {
    let [count, one] = [-1, this.#handle.getPeerCertificate(true)];
    while (one?.issuerCertificate !== undefined && one.issuerCertificate !== one && count < MOST_COUNTED) {
      one = one.issuerCertificate;
      count += 1;
    }
    return Math.max(0, count);
  }

  /** Why that certificate does not count, by OpenSSL's words; empty for a verified one. */
  get fault(): string {
    // Behind a semicolon, Node adds advice for those who start it.
    return this.#handle.verifyError()?.message.replace(/;.*/s, '') ?? '';
  }
}
