/** Bytes in the order they came. They are joined only when they are read, since megabytes come in hundreds of pieces. */
export class ByteQueue {
  #pieces: Buffer[] = [];
  length = 0;

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.length += piece.length;
  }

  /** All of them, left where they are. */
  peek(): Buffer {
    const [first] = this.#pieces;
    if (first !== undefined && this.#pieces.length === 1) return first;
    const joined = Buffer.concat(this.#pieces);
    this.#pieces = [joined];
    return joined;
  }

  /** Takes the first `count`, or all there are. */
  take(count: number): Buffer {
    const all = this.peek();
    const taken = all.subarray(0, count);
    this.#pieces = [all.subarray(taken.length)];
    this.length -= taken.length;
    return taken;
  }

  /** What is left, as text. */
  toString(): string {
    return this.peek().toString('latin1');
  }
}
