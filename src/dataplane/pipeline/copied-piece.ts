import type { BodyPiece, KeptBytes } from './ports.ts';

/** A piece in memory of its own. */
export class CopiedPiece implements BodyPiece {
  readonly size: number;
  readonly isLast: boolean;
  readonly trailers: string;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, isLast: boolean, trailers = '') {
    this.size = bytes.length;
    this.isLast = isLast;
    this.trailers = trailers;
    this.#bytes = bytes;
  }

  text(): string {
    return this.#bytes.toString('latin1');
  }

  copy(target: Buffer, at: number, start: number, end: number): void {
    this.#bytes.copy(target, at, start, end);
  }

  keep(): KeptBytes {
    const bytes = this.#bytes;
    return {
      giveBack: () => undefined,
      view: (size, before, behind) =>
        Buffer.concat([Buffer.from(before, 'latin1'), bytes.subarray(0, size), Buffer.from(behind, 'latin1')]),
    };
  }
}
