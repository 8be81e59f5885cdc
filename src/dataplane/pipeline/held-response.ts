import type { FailureReason } from '../../failures/failures.ts';
import { fieldOf } from '../fields/header-lines.ts';
import { CopiedPiece } from './copied-piece.ts';
import type { BodyPiece, FailureDetail, ResponseView } from './ports.ts';

/** A response that has begun to come, and waits until it is known whether the client gets it. Reading stops meanwhile. */
export class HeldResponse {
  readonly head: ResponseView;
  readonly bodyLength: number;
  /** All of it has come. */
  isComplete = false;
  /** It was cut before its end. */
  failure: { readonly reason: FailureReason; readonly detail: FailureDetail | undefined } | undefined;
  #parts: Buffer[] = [];
  #isLast = false;
  #trailers = '';

  /** @param head valid during the call */
  constructor(head: ResponseView, bodyLength: number) {
    this.head = copyOf(head);
    this.bodyLength = bodyLength;
  }

  /** @param piece valid during the call */
  add(piece: BodyPiece): void {
    const bytes = Buffer.allocUnsafe(piece.size);
    piece.copy(bytes, 0, 0, piece.size);
    this.#parts.push(bytes);
    this.#isLast = piece.isLast;
    this.#trailers = piece.trailers;
  }

  /** All that has come of its body. */
  get body(): BodyPiece {
    return new CopiedPiece(Buffer.concat(this.#parts), this.#isLast, this.#trailers);
  }
}

/** A head with a memory of its own. */
function copyOf(head: ResponseView): ResponseView {
  const { status, statusAndReason, contentLength, hasDate, hasTrailer, hasRedirects, upgrade } = head;
  const lines = head.lines();
  return {
    ...{ status, statusAndReason, contentLength, hasDate, hasTrailer, hasRedirects, upgrade },
    authenticatesConnection: false,
    fieldValue: name => fieldOf(lines, 0, name, ', '),
    lines: () => lines,
  };
}
