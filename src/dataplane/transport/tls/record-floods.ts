import type { Clock } from '../../../clock.ts';
import type { WorkerCounters } from '../../../observe/counters.ts';
import { type Indexed, IndexedSet } from '../../runtime/indexed-set.ts';
import type { TcpHandle } from '../tcp-handle.ts';
import type { TlsHandle } from './tls-handle.ts';

/** The code of the error that ends such a connection. */
export const TLS_FLOOD = 'TLS_FLOOD';

/** Between two looks at all connections. */
const LOOK_MS = 1_000;

/** What records may take beyond what they bring: more than 2 000 changes of keys. */
const MOST_EXCESS = 64 * 1024;

/** A byte may come in a record of its own, which adds 22 bytes in TLS 1.3 and 29 in TLS 1.2. */
const RECORD_OF_A_BYTE = 32;

/** As above, where the answers to records may be what waits: 8 bytes in a record, on average. */
const RECORD_OF_SOME_BYTES = 4;

/** What is known of one connection whose handshake is over. */
export interface WatchedSession extends Indexed {
  readonly tcp: Pick<TcpHandle, 'bytesRead' | 'writeQueueSize'>;
  readonly tls: Pick<TlsHandle, 'bytesRead'>;
  /** Kept here from watch() on. */
  excess: Excess | undefined;
  /** Its records brought too little. */
  flooded(): void;
}

/** Of one session: how much its records had taken beyond what they brought. */
export interface Excess {
  /** When the handshake was over. */
  readonly atStart: number;
  /** When the kernel had taken all that was written. */
  whenIdle: number;
}

/**
 * Ends connections whose records bring nothing. OpenSSL obeys each change of keys (KeyUpdate of TLS 1.3), answers those that ask
 * for it, has no limit for them, and tells nobody: 27 bytes take some 15 microseconds, and where the peer reads nothing, the
 * answers pile up. What shows is that bytes were read from the connection, and none came of them. Clients and upstreams alike.
 */
export class RecordFloods {
  readonly #sessions = new IndexedSet<WatchedSession>();
  readonly #clock: Clock;
  readonly #counters: WorkerCounters;
  #stopLooking: (() => void) | undefined;

  constructor(clock: Clock, counters: WorkerCounters) {
    this.#clock = clock;
    this.#counters = counters;
  }

  /** The handshake of this one is over. */
  watch(session: WatchedSession): void {
    session.excess = { atStart: session.tcp.bytesRead, whenIdle: 0 };
    this.#sessions.add(session);
    this.#stopLooking ??= this.#clock.repeat(LOOK_MS, () => this.#look());
  }

  forget(session: WatchedSession): void {
    this.#sessions.delete(session);
    if (this.#sessions.size > 0) return;
    this.#stopLooking?.();
    this.#stopLooking = undefined;
  }

  #look(): void {
    // One that is ended leaves the set meanwhile.
    for (const session of [...this.#sessions]) {
      if (session.excess === undefined || !isFlooded(session, session.excess)) continue;
      this.#counters.add('tlsFloods', 1);
      session.flooded();
    }
  }
}

function isFlooded({ tcp, tls }: WatchedSession, excess: Excess): boolean {
  const came = tcp.bytesRead - excess.atStart;
  const brought = tls.bytesRead;
  if (came - brought * (1 + RECORD_OF_A_BYTE) > MOST_EXCESS) return true;
  const beyond = came - brought * (1 + RECORD_OF_SOME_BYTES);
  if (tcp.writeQueueSize === 0) excess.whenIdle = beyond;
  return beyond - excess.whenIdle > MOST_EXCESS;
}
