import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { serverPort } from './server-port.ts';

/** A way to a server that can be cut and mended: a network between the entry and the API server. */
export class RealLine implements AsyncDisposable {
  readonly port: number;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  private constructor(port: number, target: number) {
    this.port = port;
    this.#target = target;
  }

  /** @param target port of 127.0.0.1 */
  static async to(target: number): Promise<RealLine> {
    const line = new RealLine(await serverPort(), target);
    await line.mend();
    return line;
  }

  /** Whether a client is connected. */
  get isUsed(): boolean {
    return this.#sockets.size > 0;
  }

  /** Breaks what is connected, and refuses what comes. */
  async cut(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(server, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
  }

  async mend(): Promise<void> {
    this.#server = createServer(near => {
      const far = connect(this.#target, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.once('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        from.once('error', () => to.destroy());
        from.pipe(to);
      }
    }).listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }
}
