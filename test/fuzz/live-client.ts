import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { Changes } from '../support/eventually.ts';
import { bytesOf, contentLength, readHead } from '../support/raw-message.ts';
import { pieces, type Stream } from './stream.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Sends a stream and reads answers that all have a length. */
export class LiveClient {
  readonly #socket: Socket;
  readonly #changes = new Changes();
  readonly #answers: Answer[] = [];
  #received = '';
  /** How the proxy ended the connection. */
  #end: 'open' | 'fin' | 'reset' = 'open';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#received += text;
      this.#changes.announce();
    });
    socket.on('end', () => this.#ended('fin'));
    socket.on('error', () => this.#ended('reset'));
    socket.on('close', () => this.#ended('reset'));
  }

  static async connect(address: ListenAddress, localAddress: string): Promise<LiveClient> {
    const socket = connect({ ...address, localAddress, allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new LiveClient(socket);
  }

  /** Each piece in a turn of its own, so that the proxy most likely reads it alone. */
  async send(stream: Stream): Promise<void> {
    for (const piece of pieces(stream)) {
      if (this.#end !== 'open') return;
      this.#socket.write(piece);
      if (stream.cuts.length > 0) for (let count = 0; count < 3; count += 1) await turn();
    }
  }

  /** @param areHeads for each awaited answer, whether it is one to HEAD */
  async answers(areHeads: readonly boolean[]): Promise<readonly Answer[]> {
    const state = (): string => `${areHeads.length} answers; ${this.#answers.length} came, and ${this.#shown}`;
    await this.#changes.until(state, () => {
      while (this.#answers.length < areHeads.length && this.#takeAnswer(areHeads[this.#answers.length] ?? false));
      return this.#answers.length === areHeads.length || this.#end !== 'open' ? true : undefined;
    });
    assert.equal(this.#answers.length, areHeads.length, state());
    return this.#answers;
  }

  /** The proxy has to end the connection by itself, after what was read. */
  async closed(): Promise<void> {
    await this.#changes.until(
      () => `the end of the connection; ${this.#shown}`,
      () => (this.#end === 'open' ? undefined : true),
    );
    this.#socket.destroy();
    assert.equal(this.#received, '', 'bytes behind the last answer');
  }

  /** Sends FIN, and sees that nothing came but what was read. */
  async leave(): Promise<void> {
    assert.equal(this.#end, 'open', 'the proxy ended the connection');
    this.#socket.end();
    await this.closed();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  get #shown(): string {
    return `${this.#end}: ${JSON.stringify(this.#received.slice(0, 500))}`;
  }

  #takeAnswer(isHead: boolean): boolean {
    const head = readHead(bytesOf(this.#received));
    if (head === undefined) return false;
    const match = /^HTTP\/1\.1 (\d{3}) /.exec(head.startLine);
    const length = contentLength(head.headers);
    assert.ok(match !== null && length !== undefined, `no answer: ${JSON.stringify(head.raw)}`);
    const begin = head.raw.length;
    const end = begin + (isHead ? 0 : length);
    if (this.#received.length < end) return false;
    this.#answers.push({ status: Number(match[1]), body: this.#received.slice(begin, end) });
    this.#received = this.#received.slice(end);
    return true;
  }

  #ended(end: 'fin' | 'reset'): void {
    if (this.#end === 'open') this.#end = end;
    this.#changes.announce();
  }
}
