import type { BodyPiece } from '../pipeline/ports.ts';
import type { Guarded } from '../runtime/guard.ts';

/** Where a transform's pieces go. */
export interface BodySink extends Guarded {
  /** It takes no more for now. */
  readonly isBlocked: boolean;
  /** @param piece of the new body; it is valid during the call */
  write(piece: BodyPiece): void;
  /** {@link BodyTransform.isBlocked} is over. */
  transformDrained(): void;
}

/** Makes another body of a body, piece by piece. Its last piece is the last one of the new body. */
export interface BodyTransform {
  /** Pieces wait in it: no more should be read for now. What has been read already is still taken. */
  readonly isBlocked: boolean;
  /** Takes a piece of the body. */
  write(piece: BodyPiece): void;
  /** The sink takes pieces again. */
  resume(): void;
  /** Gives everything back. The sink hears no more of it. */
  destroy(): void;
}
