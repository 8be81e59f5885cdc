/**
 * Run as a process of its own, it stands for the containers of one node: an HTTP server for each pod, at the pod's address.
 * A pod answers with its application's name and the target that it got, as in `shop /ping`, names itself in the header
 * `x-pod`, and sends back all that comes after an upgrade. What it is to do comes by messages of its parent
 * (real-node.ts). A node that freezes is this process stopped.
 */
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { codeOf } from '../../src/errors.ts';

export interface PodPlace {
  readonly pod: string;
  readonly app: string;
  readonly address: string;
  readonly port: number;
}

/** `stop` is what a well-written server does on SIGTERM, `kill` ends what is still there. */
export type HostCommand = { readonly id: number } & (
  | ({ readonly do: 'start' } & PodPlace)
  | { readonly do: 'stop' | 'kill'; readonly pod: string }
);

/** The answer to `start` and `kill` comes when it is done, that to `stop` when no connection is left. */
export interface HostAnswer {
  readonly id: number;
  /** The code of a system error. */
  readonly failure?: string;
}

class PodServer {
  readonly #server: Server;
  readonly #tunnels = new Set<Duplex>();
  #isEnding = false;

  constructor({ pod, app }: PodPlace) {
    this.#server = createServer((request, response) => {
      response.shouldKeepAlive &&= !this.#isEnding;
      request.resume();
      response.writeHead(200, { 'x-pod': pod }).end(`${app} ${request.url}`);
    });
    this.#server.on('upgrade', (_request, socket: Socket) => {
      this.#tunnels.add(socket);
      socket.once('close', () => this.#tunnels.delete(socket)).on('error', () => socket.destroy());
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Pod: ${pod}\r\n\r\n`,
      );
      socket.pipe(socket);
    });
  }

  /** @throws a system error when the address is in use */
  start({ address, port }: PodPlace): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(port, address, () => resolve());
    });
  }

  /** It listens no more at once, idle connections are closed, requests and tunnels come to their end. */
  stop(): Promise<void> {
    this.#isEnding = true;
    return new Promise(resolve => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
    });
  }

  kill(): void {
    this.#server.close(() => undefined);
    this.#server.closeAllConnections();
    for (const tunnel of this.#tunnels) tunnel.destroy();
  }
}

const pods = new Map<string, PodServer>();

async function obey(command: HostCommand): Promise<void> {
  if (command.do === 'start') {
    const server = new PodServer(command);
    await server.start(command);
    pods.set(command.pod, server);
  } else if (command.do === 'stop') {
    await pods.get(command.pod)?.stop();
  } else {
    pods.get(command.pod)?.kill();
    pods.delete(command.pod);
  }
}

process.on('message', (command: HostCommand) => {
  const answer = (failure: object): void => void process.send?.({ id: command.id, ...failure });
  obey(command).then(
    () => answer({}),
    error => answer({ failure: codeOf(error) ?? String(error) }),
  );
});
// Its parent is gone.
process.on('disconnect', () => process.exit());
