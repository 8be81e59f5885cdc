import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { ListenAddress } from '../../src/formats/listen-address.ts';

/** As `kubectl port-forward`: a local port that leads to an instance, to another one later, or nowhere. */
export class Relay {
  /** Undefined: connections are closed at once. */
  target: ListenAddress | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer(socket => this.#accepted(socket));

  static async start(context: TestContext, target: ListenAddress): Promise<Relay> {
    const relay = new Relay();
    relay.target = target;
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    context.after(() => {
      relay.cut();
      relay.#server.close();
    });
    return relay;
  }

  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Ends every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The connections stay, and nothing comes through them any more. */
  freeze(): void {
    this.target = undefined;
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  #accepted(socket: Socket): void {
    if (this.target === undefined) {
      socket.destroy();
      return;
    }
    const onward = connect(this.target);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => {});
      one.once('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
