import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';

/** What OpenSSL wants: a name, a key for signing and one for encrypting. */
const BYTES = 48;

/**
 * Who learns a key can read the sessions that began with its tickets, however long ago: so none is used for long. Tickets of
 * the key before are not taken, and their clients make one full handshake.
 */
const TURN_MS = 12 * 60 * 60 * 1000;

/** The keys by which all workers encrypt the tickets of TLS sessions. They are written nowhere, and end with the process. */
export class TicketKeys {
  keys: Uint8Array = randomBytes(BYTES);
  readonly #stop: () => void;

  /** @param changed called when others take their place */
  constructor(clock: Clock, changed: (keys: Uint8Array) => void) {
    this.#stop = clock.repeat(TURN_MS, () => {
      this.keys = randomBytes(BYTES);
      changed(this.keys);
    });
  }

  close(): void {
    this.#stop();
  }
}
