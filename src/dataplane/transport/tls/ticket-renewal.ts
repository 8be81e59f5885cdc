import { randomFillSync } from 'node:crypto';
import type { SecureContext } from 'node:tls';

const [NAME, HMAC, CIPHER, END] = [0, 16, 32, 48];
const NONCE_SIZE = 16;
/** Nonces that are made at once. */
const NONCES = 256;

// What the callback answers about a ticket (SSL_CTX_set_tlsext_ticket_key_evp_cb).
const UNKNOWN = 0;
const GIVEN = 1;
const USED_AND_RENEWED = 2;

/** For a new ticket its keys, name and nonce; for one that came its keys, if it is known. */
type Answer = readonly [outcome: number, hmac: Buffer, cipher: Buffer, name?: Buffer, nonce?: Buffer];

/** Node's part of a context, as far as it is used here. */
interface NativeContext {
  onticketkeycallback?: (name: Buffer, nonce: Buffer, isNew: boolean) => Answer;
  enableTicketKeyCallback?: () => void;
}

/**
 * Has a session that goes on get a new ticket. Node has OpenSSL give two with a full handshake of TLS 1.3 and none with one that
 * goes on, and clients use each ticket once (RFC 8446 section C.4): every third handshake would be a full one. Tickets of TLS 1.2 are used
 * many times: its contexts do without, since to be asked costs more than what is answered. Both kinds take each other's tickets.
 */
export class TicketRenewal {
  readonly #nonces = Buffer.allocUnsafeSlow(NONCES * NONCE_SIZE);
  #used = NONCES;

  /** @param keys 48 bytes: name, key of the HMAC, key of the cipher */
  apply({ context }: SecureContext, keys: Buffer): void {
    const native = context as NativeContext;
    if (typeof native.enableTicketKeyCallback !== 'function') return;
    const [name, hmac, cipher] = [keys.subarray(NAME, HMAC), keys.subarray(HMAC, CIPHER), keys.subarray(CIPHER, END)];
    native.onticketkeycallback = (named, _nonce, isNew) => {
      if (isNew) return [GIVEN, hmac, cipher, name, this.#nonce()];
      if (!named.equals(name)) return [UNKNOWN, hmac, cipher];
      return [USED_AND_RENEWED, hmac, cipher];
    };
    native.enableTicketKeyCallback();
  }

  #nonce(): Buffer {
    if (this.#used === NONCES) {
      randomFillSync(this.#nonces);
      this.#used = 0;
    }
    const start = this.#used * NONCE_SIZE;
    this.#used += 1;
    return this.#nonces.subarray(start, start + NONCE_SIZE);
  }
}
