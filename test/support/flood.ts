import assert from 'node:assert/strict';
import { still } from './eventually.ts';
import type { UpstreamRequest } from './raw-upstream.ts';

const BLOCK = Buffer.alloc(1 << 20);
const BLOCKS = 32;
/** More than the kernel keeps for peers that do not read. */
export const FLOOD_BYTES = BLOCKS * BLOCK.length;

/** A long body that its receiver does not read, and how many of its blocks have gone. */
export class Flood {
  readonly #blocks: number;
  #sent = 0;

  constructor(blocks = BLOCKS) {
    this.#blocks = blocks;
  }

  /** @param send resolves when a block has gone to the kernel */
  async run(send: (block: Buffer) => Promise<void>): Promise<void> {
    for (; this.#sent < this.#blocks; this.#sent += 1) await send(BLOCK);
  }

  /** Sends it as a response. @param extraBytes a test sends so many more behind it */
  async answer({ connection }: UpstreamRequest, extraBytes = 0): Promise<void> {
    const length = this.#blocks * BLOCK.length + extraBytes;
    await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
    await this.run(block => connection.send(block));
  }

  /** Waits until no more of it goes. */
  async heldBack(): Promise<void> {
    const sent = await still('the flood is held back', () => this.#sent);
    assert.ok(sent < this.#blocks, 'the kernel takes all of it');
  }
}
