import type { Clock } from '../../clock.ts';
import type { ContentCoding } from '../../model/policy.ts';
import { guarded } from '../runtime/guard.ts';
import type { ClientMemory } from '../transport/client-memory.ts';
import type { ReadBuffers } from '../transport/read-buffers.ts';
import type { Stashes } from '../transport/stash.ts';
import type { BodySink } from './body-transform.ts';
import { Compression, FLUSH_MS, type SharedByCompressions } from './compression.ts';
import { DataPiece } from './data-piece.ts';
import { CODINGS, Encoder, hasEncoders } from './encoder.ts';

/** Beyond so many at once, further responses go out as they are. */
export const MOST_COMPRESSIONS = 64;
/** Encoders of a coding that wait for the next body. A new one costs several times what a small body costs. */
const MOST_IDLE = 4;
/** What all bodies together get of one turn of the event loop: about half a millisecond. Then other connections have theirs. */
const TURN_BYTES = 64 * 1024;
/** What an encoder writes at once. */
const OUTPUT_BYTES = 64 * 1024;

/** What the compressions of a worker need. */
export interface CompressionsContext {
  readonly clock: Clock;
  readonly memory: Pick<ClientMemory, 'kept' | 'isHalfFull'>;
  readonly buffers: ReadBuffers;
  readonly stashes: Stashes;
}

/**
 * The compressions of a worker: how many there are, what time they get, and what they share. Responses take their turns with
 * the event loop, so that a large one holds up no other connection.
 */
export class Compressions implements SharedByCompressions {
  readonly clock: Clock;
  readonly stashes: Stashes;
  readonly output: Buffer = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  readonly piece: DataPiece;
  readonly #memory: CompressionsContext['memory'];
  readonly #idle = new Map<ContentCoding, Encoder[]>();
  /** Those with bytes that wait for their turn, in its order. */
  readonly #waiting = new Set<Compression>();
  /** Those with bytes that have to be flushed. */
  readonly #unflushed = new Set<Compression>();
  readonly #isUsable = hasEncoders();
  #count = 0;
  #left = TURN_BYTES;
  #isTurnArmed = false;
  #isFlushArmed = false;

  constructor({ clock, memory, buffers, stashes }: CompressionsContext) {
    this.clock = clock;
    this.stashes = stashes;
    this.piece = new DataPiece(buffers);
    this.#memory = memory;
  }

  /** How many are under way. */
  get count(): number {
    return this.#count;
  }

  /** Another response may be compressed. */
  get hasRoom(): boolean {
    return this.#isUsable && this.#count < MOST_COMPRESSIONS && !this.#memory.isHalfFull;
  }

  begin(coding: ContentCoding, sink: BodySink): Compression {
    this.#count += 1;
    this.#memory.kept += CODINGS[coding].bytes;
    return new Compression(this, this.#idle.get(coding)?.pop() ?? new Encoder(coding), sink);
  }

  ended(compression: Compression, encoder: Encoder): void {
    this.#count -= 1;
    this.#memory.kept -= CODINGS[encoder.coding].bytes;
    this.#waiting.delete(compression);
    this.#unflushed.delete(compression);
    const idle = this.#idle.getOrInsert(encoder.coding, []);
    if (idle.length < MOST_IDLE && encoder.reset()) idle.push(encoder);
    else encoder.close();
  }

  share(most: number): number {
    const share = Math.min(most, this.#left);
    this.#left -= share;
    this.#armTurn();
    return share;
  }

  waits(compression: Compression): void {
    this.#waiting.add(compression);
    this.#armTurn();
  }

  flushSoon(compression: Compression): void {
    this.#unflushed.add(compression);
    if (this.#isFlushArmed) return;
    this.#isFlushArmed = true;
    this.clock.setTimer(FLUSH_MS, () => this.#flush());
  }

  #armTurn(): void {
    if (this.#isTurnArmed) return;
    this.#isTurnArmed = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnArmed = false;
    this.#left = TURN_BYTES;
    for (const compression of this.#waiting) {
      if (this.#left === 0) break;
      this.#waiting.delete(compression);
      guarded(compression, () => compression.resume())();
    }
    if (this.#waiting.size > 0) this.#armTurn();
  }

  #flush(): void {
    this.#isFlushArmed = false;
    const due = [...this.#unflushed];
    this.#unflushed.clear();
    for (const compression of due) guarded(compression, () => compression.flush())();
  }
}
