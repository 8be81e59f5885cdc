import type { BodySink, BodyTransform } from '../bodies/body-transform.ts';
import type { BodyPiece, Downstream, FieldEdits, ResponseView, Upstream } from './ports.ts';

/** The two sides of the exchange. */
export interface Sides {
  readonly downstream: Downstream;
  readonly upstream: Upstream | undefined;
}

/** Whose response it is. */
export interface TransformedBodyOwner {
  /** Pieces have gone to the client, outside of a callback of the upstream. */
  transformMoved(): void;
  /** The last piece has gone to the client, after the upstream's last one had come. */
  transformComplete(): void;
  crashed(error: unknown): void;
}

/** Nothing, so that a head need not wait for a body. */
const NO_PIECE: BodyPiece = {
  size: 0,
  isLast: false,
  trailers: '',
  text: () => '',
  copy: () => undefined,
  keep: () => ({ giveBack: () => undefined, view: () => new Uint8Array() }),
};

/** The body of one response on its way through a transform. The transform may still have some of it when the upstream has sent all. */
export class TransformedBody implements BodySink {
  /** The last piece has gone to the client. */
  isComplete = false;
  readonly #sides: Sides;
  readonly #owner: TransformedBodyOwner;
  readonly #transform: BodyTransform;
  /** The client's head has not gone out. */
  #head: { readonly view: ResponseView; readonly edits: FieldEdits | undefined } | undefined;
  /** The upstream's callback is under way, and does what has to be done afterwards. */
  #isWriting = false;

  constructor(sides: Sides, owner: TransformedBodyOwner, begin: (sink: BodySink) => BodyTransform) {
    this.#sides = sides;
    this.#owner = owner;
    this.#transform = begin(this);
  }

  /** The client takes no more, and perhaps the transform has pieces that wait for it. */
  get isBlocked(): boolean {
    return this.#sides.downstream.isBlocked;
  }

  /** No more should be read from the upstream for now. */
  get holdsBack(): boolean {
    return this.isBlocked || this.#transform.isBlocked;
  }

  respond(view: ResponseView, edits: FieldEdits | undefined, piece: BodyPiece): void {
    this.#head = { view, edits };
    this.take(piece);
    if (this.#head !== undefined) this.write(NO_PIECE);
  }

  /** A piece of the upstream's body. */
  take(piece: BodyPiece): void {
    this.#isWriting = true;
    this.#transform.write(piece);
    this.#isWriting = false;
  }

  /** The client takes bytes again. */
  resume(): void {
    this.#transform.resume();
    this.transformDrained();
  }

  destroy(): void {
    this.#transform.destroy();
  }

  write(piece: BodyPiece): void {
    const { downstream } = this.#sides;
    const head = this.#head;
    this.#head = undefined;
    this.isComplete = piece.isLast;
    // Its length is known when the last piece has been made.
    if (head === undefined) downstream.write(piece);
    else downstream.respond(head.view, -1, head.edits, piece);
    if (this.#isWriting) return;
    if (piece.isLast) this.#owner.transformComplete();
    else this.#owner.transformMoved();
  }

  transformDrained(): void {
    if (!this.holdsBack) this.#sides.upstream?.resume();
  }

  crashed(error: unknown): void {
    this.#owner.crashed(error);
  }
}
