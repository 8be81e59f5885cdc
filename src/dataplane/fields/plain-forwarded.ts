/** The header lines that describe to upstreams a client whom no trusted proxy speaks for, and who says nothing of itself. */
import { detached } from '../../formats/http/bytes.ts';
import type { PlainForwarded } from '../pipeline/ports.ts';
import { ingressLines } from './ingress-fields.ts';

/** They are the same for each request of a connection that asks for the same host, so they are kept in one piece. */
export class PreparedForwarded implements PlainForwarded {
  readonly #peer: string;
  readonly #scheme: 'http' | 'https';
  #isFirst = true;
  #authority = '';
  #isToIngress = false;
  /** Empty: none are kept. */
  #lines = '';

  constructor(peer: string, scheme: 'http' | 'https') {
    this.#peer = peer;
    this.#scheme = scheme;
  }

  lines(authority: string, isToIngress: boolean): string {
    if (this.#lines !== '' && authority === this.#authority && isToIngress === this.#isToIngress) return this.#lines;
    const lines = isToIngress ? this.#ofIngress(authority) : this.#ofService(authority);
    // Many connections have one request alone. One that has a second has more, as a rule.
    if (this.#isFirst) {
      this.#isFirst = false;
      return lines;
    }
    // An absolute target's authority is a part of the head.
    this.#authority = detached(authority);
    this.#isToIngress = isToIngress;
    this.#lines = detached(lines);
    return this.#lines;
  }

  #ofService(authority: string): string {
    const host = authority === '' ? '' : `X-Forwarded-Host: ${authority}\r\n`;
    return `X-Real-IP: ${this.#peer}\r\nX-Forwarded-For: ${this.#peer}\r\nX-Forwarded-Proto: ${this.#scheme}\r\n${host}`;
  }

  #ofIngress(host: string): string {
    const [realIp, proto] = [this.#peer, this.#scheme];
    const port = proto === 'https' ? '443' : '80';
    const original = { originalUri: '', originalFor: '', originalHost: '' };
    return ingressLines({ realIp, forwardedFor: realIp, proto, host, port, ...original });
  }
}
