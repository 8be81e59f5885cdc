/** A WebSocket to a server that sends everything back. It sends the next message as soon as the last one has come back. */
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { Changes } from '../support/eventually.ts';

const UPGRADE = 'GET /socket HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const HEAD_END = '\r\n\r\n';
const PATIENCE_MS = 60_000;

export class WebSocketClient {
  /** Messages that came back. */
  echoes = 0;
  /** When it ended, by Date.now(). */
  endedAt: number | undefined;
  readonly #socket: Socket;
  readonly #changes = new Changes();
  #received = '';
  #isSwitched = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', () => this.#ended());
    socket.on('close', () => this.#ended());
    socket.write(UPGRADE);
  }

  static async open(t: TestContext, address: ListenAddress): Promise<WebSocketClient> {
    const socket = connect({ ...address, noDelay: true });
    t.after(() => socket.destroy());
    const client = new WebSocketClient(socket);
    await client.echoed();
    return client;
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  /** Waits for a message that is sent from now on to come back. */
  async echoed(): Promise<void> {
    // The next one may have been sent before.
    const enough = this.echoes + 2;
    await this.#changes.until(
      () => `message ${enough} of a WebSocket, which got ${JSON.stringify(this.#received)}`,
      () => {
        if (this.endedAt !== undefined) throw new Error('the WebSocket has ended');
        return this.echoes >= enough || undefined;
      },
      PATIENCE_MS,
    );
  }

  /** @returns when it had ended, by Date.now() */
  async ended(): Promise<number> {
    return this.#changes.until(
      () => 'the end of a WebSocket',
      () => this.endedAt,
      PATIENCE_MS,
    );
  }

  #take(text: string): void {
    this.#received += text;
    if (!this.#isSwitched) {
      const end = this.#received.indexOf(HEAD_END);
      if (end < 0) return;
      if (!this.#received.startsWith('HTTP/1.1 101 ')) this.#socket.destroy();
      this.#isSwitched = true;
      this.#received = this.#received.slice(end + HEAD_END.length);
      this.#say();
    } else if (this.#received.endsWith('\n')) {
      this.#received = '';
      this.echoes += 1;
      this.#changes.announce();
      // Not in a tight loop: the others want to be served, too.
      setTimeout(() => this.#say(), 10);
    }
  }

  #say(): void {
    if (this.endedAt === undefined) this.#socket.write(`message ${this.echoes}\n`);
  }

  #ended(): void {
    this.endedAt ??= Date.now();
    this.#socket.destroy();
    this.#changes.announce();
  }
}
