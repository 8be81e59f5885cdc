import type { Server } from 'node:net';
import type { ListenAddress } from '../../formats/listen-address.ts';
import { createTransportServer } from '../transport/accept.ts';
import type { ClientMemory } from '../transport/client-memory.ts';
import type { OpenTransport } from '../transport/transport.ts';

const BACKLOG = 4096;

/**
 * libuv takes one connection from each listening socket in a turn of the event loop, and under load there are some fifty turns
 * a second: with one socket, the last of 512 clients that came at once waited three seconds. So a worker has several.
 */
const SOCKETS = 16;

/** The sockets of a worker that listen on one address. */
export class ListeningSockets {
  readonly #memory: Pick<ClientMemory, 'kept'>;
  readonly #accept: (open: OpenTransport) => void;
  readonly #servers: Server[] = [];
  #isClosed = false;

  /** @param accept called with each connection, which it must open */
  constructor(memory: Pick<ClientMemory, 'kept'>, accept: (open: OpenTransport) => void) {
    this.#memory = memory;
    this.#accept = accept;
  }

  /** @returns the address bound, with the port the system chose for port 0. Where it throws, none listens */
  async listen(address: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    try {
      const bound = await this.#bind(address, reusePort);
      for (let count = 1; reusePort && count < SOCKETS; count += 1) await this.#bind(bound, reusePort);
      return bound;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const server of this.#servers) server.close();
  }

  #bind({ host, port }: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    const server = createTransportServer(this.#memory, this.#accept);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, reusePort, backlog: BACKLOG }, () => {
        server.off('error', reject);
        // It may have been closed meanwhile.
        if (this.#isClosed) server.close();
        else this.#servers.push(server);
        const bound = server.address();
        resolve(typeof bound === 'object' && bound !== null ? { host, port: bound.port } : { host, port });
      });
    });
  }
}
