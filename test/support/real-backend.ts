import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { serverPort } from './server-port.ts';

/**
 * Stands for the pods of Services: on one port, at as many ClusterIPs as are asked for. It answers with the address
 * that was connected to and the target that it got, as in `127.100.0.7 /api`.
 */
export class RealBackend {
  readonly port: number;
  readonly #servers = new Map<string, Server>();

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<RealBackend> {
    return new RealBackend(await serverPort());
  }

  async serve(clusterIP: string): Promise<void> {
    if (this.#servers.has(clusterIP)) return;
    const server = createServer((request, response) => {
      response.end(`${request.socket.localAddress} ${request.url}`);
    });
    this.#servers.set(clusterIP, server);
    await once(server.listen(this.port, clusterIP), 'listening');
  }

  async stop(): Promise<void> {
    for (const server of this.#servers.values()) {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    }
  }
}
