/** A client's connection that carries one request at a time, and says exactly how each one ended. */
import { connect, type Socket } from 'node:net';

/** Longer than any limit of the proxy that can be met here. */
const PATIENCE_MS = 15_000;
const HEAD_END = '\r\n\r\n';
const LAST_CHUNK = '0\r\n\r\n';

export interface Outcome {
  /** surplus: bytes came that belong to no request. */
  readonly end: 'complete' | 'cut' | 'unanswered' | 'overdue' | 'surplus';
  /** 0 when no head came. */
  readonly status: number;
  /** Of the response, empty when none came. */
  readonly head: string;
  readonly bodyBytes: number;
}

/** `200`, `200 cut`, `unanswered`: what a failing Service's expectations name. */
export function outcomeText({ end, status }: Outcome): string {
  if (end === 'complete') return String(status);
  return status === 0 ? end : `${status} ${end}`;
}

export class ClientConnection {
  /** Resolves when it is gone. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #settle: ((outcome: Outcome) => void) | undefined;
  #onTunnel: ((chunk: Buffer) => void) | undefined;
  #head = '';
  #status = 0;
  #bodyBytes = 0;
  /** Bytes of body to come; -1: chunked, until the last chunk. */
  #missing = 0;
  #tail = '';
  #isOpen = true;
  #isTunnel = false;
  #hasSurplus = false;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setTimeout(PATIENCE_MS, () => this.#end('overdue'));
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('error', () => this.#end());
    this.#socket.on('end', () => this.#end());
    this.closed = new Promise(resolve => this.#socket.once('close', () => resolve()));
    void this.closed.then(() => this.#end());
  }

  /** Fit for another request. */
  get isOpen(): boolean {
    return this.#isOpen && !this.#isTunnel;
  }

  /** @returns how it ended; never rejects */
  send(...pieces: readonly (string | Buffer)[]): Promise<Outcome> {
    this.#head = '';
    this.#status = 0;
    this.#bodyBytes = 0;
    return new Promise(settle => {
      this.#settle = settle;
      if (this.#hasSurplus) this.#end('surplus');
      else if (!this.#isOpen) this.#end();
      else for (const piece of pieces) this.#socket.write(piece, 'latin1');
    });
  }

  /** Bytes without regard to what they are. */
  write(bytes: string | Buffer): void {
    this.#socket.write(bytes, 'latin1');
  }

  /** After a 101. @param onData gets what comes */
  tunnel(onData: (chunk: Buffer) => void): void {
    this.#onTunnel = onData;
  }

  /** Resolves at the first byte that comes, or the end. */
  touched(): Promise<void> {
    return new Promise(resolve => {
      this.#socket.once('data', () => resolve());
      void this.closed.then(resolve);
    });
  }

  /** Reads no more: what is on its way fills the buffers. */
  pause(): void {
    this.#socket.pause();
  }

  finish(): void {
    this.#isOpen = false;
    this.#socket.end();
    this.#socket.destroySoon();
  }

  reset(): void {
    this.#isOpen = false;
    this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#isTunnel) this.#onTunnel?.(chunk);
    // Said when the next request is sent.
    else if (this.#settle === undefined) this.#hasSurplus = true;
    else if (this.#status === 0) this.#takeHead(chunk);
    else this.#takeBody(chunk);
  }

  #takeHead(chunk: Buffer): void {
    const text = this.#head + chunk.toString('latin1');
    const end = text.indexOf(HEAD_END);
    if (end < 0) {
      this.#head = text;
      return;
    }
    this.#head = text.slice(0, end + 2);
    this.#status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(this.#head)?.[1] ?? -1);
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(this.#head)?.[1];
    this.#missing = length === undefined ? -1 : Number(length);
    this.#tail = '';
    if (this.#status === 101) {
      this.#isTunnel = true;
      this.#missing = 0;
    }
    this.#takeBody(Buffer.from(text.slice(end + HEAD_END.length), 'latin1'));
  }

  #takeBody(chunk: Buffer): void {
    this.#bodyBytes += chunk.length;
    if (this.#missing >= 0) {
      this.#missing -= chunk.length;
      if (this.#missing < 0) this.#end('surplus');
      else if (this.#missing === 0) this.#complete();
      return;
    }
    // The backend's chunks hold nothing that looks like the last one.
    this.#tail = (this.#tail + chunk.toString('latin1', Math.max(0, chunk.length - LAST_CHUNK.length))).slice(
      -LAST_CHUNK.length,
    );
    if (this.#tail === LAST_CHUNK) this.#complete();
  }

  #complete(): void {
    if (/\r\nconnection: close\r\n/i.test(this.#head)) this.finish();
    this.#resolve('complete');
  }

  /** The connection is over, or the patience. */
  #end(end: 'cut' | 'overdue' | 'surplus' = 'cut'): void {
    if (end === 'overdue' && this.#settle === undefined) return;
    this.#isOpen = false;
    this.#socket.destroy();
    this.#resolve(end === 'cut' && this.#status === 0 ? 'unanswered' : end);
  }

  #resolve(end: Outcome['end']): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.({ end, status: this.#status, head: this.#head, bodyBytes: this.#bodyBytes });
  }
}
