/** What stands behind the example Services: for each, an HTTP server on its clusterIP that says what it was asked. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Catalog } from '../../src/control/catalog.ts';
import { codeOf, messageOf } from '../../src/errors.ts';
import { formatListenAddress } from '../../src/formats/listen-address.ts';
import type { Endpoint } from '../../src/model/cluster.ts';
import { serviceKey } from '../../src/model/route.ts';
import { silentLogger } from '../../src/observe/logger.ts';
import { ManifestSource } from '../../src/sources/manifests.ts';

interface Place extends Endpoint {
  /** `namespace/name` of the Service that leads here. */
  readonly service: string;
}

/** Follows the manifests as the entry does: a Service that comes, goes or moves takes its backend along. */
export class ExampleBackends {
  readonly #catalog = new Catalog({ allowExternalName: false, waitsFor: 'services' });
  readonly #source: ManifestSource;
  readonly #complain: (line: string) => void;
  /** By address, as the servers are. */
  #places: ReadonlyMap<string, Place> = new Map();
  readonly #servers = new Map<string, Server>();
  #opening: Promise<void>[] = [];

  constructor(manifests: string, complain: (line: string) => void) {
    this.#complain = complain;
    // The entry reads the same files and reports what is wrong with them.
    const logger = silentLogger();
    this.#source = new ManifestSource({
      path: manifests,
      store: this.#catalog,
      slices: this.#catalog.endpoints,
      secrets: this.#catalog.secrets,
      logger,
      onChange: () => this.#follow(),
    });
  }

  /**
   * Waits for every backend to listen. One that cannot is reported, and tried again when the manifests change.
   * @throws UnavailableError when there are no manifests at the path
   */
  async start(): Promise<void> {
    await this.#source.start();
    await Promise.all(this.#opening);
  }

  close(): void {
    this.#source.stop();
    for (const address of [...this.#servers.keys()]) this.#close(address);
  }

  #follow(): void {
    this.#catalog.commit();
    const places = new Map<string, Place>();
    for (const { cluster, service } of this.#catalog.table.routes()) {
      for (const { address, port } of this.#catalog.cluster(cluster)?.endpoints ?? []) {
        places.set(formatListenAddress({ host: address, port }), { address, port, service: serviceKey(service) });
      }
    }
    this.#places = places;
    for (const address of [...this.#servers.keys()]) {
      if (!places.has(address)) this.#close(address);
    }
    this.#opening = [...places]
      .filter(([address]) => !this.#servers.has(address))
      .map(([address, place]) => this.#open(address, place));
  }

  #open(address: string, place: Place): Promise<void> {
    const server = createServer((request, response) => this.#answer(address, request, response));
    this.#servers.set(address, server);
    return new Promise(settled => {
      server.once('error', error => {
        this.#servers.delete(address);
        this.#complain(`no backend for ${place.service}: ${adviceFor(error, address, place)}`);
        settled();
      });
      server.listen(place.port, place.address, settled);
    });
  }

  #answer(address: string, request: IncomingMessage, response: ServerResponse): void {
    const { method, url, httpVersion, rawHeaders } = request;
    const lines = [
      `${this.#places.get(address)?.service} on ${address} got`,
      '',
      `${method} ${url} HTTP/${httpVersion}`,
    ];
    for (let index = 0; index < rawHeaders.length; index += 2) {
      lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
    }
    request.resume();
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.end(`${lines.join('\n')}\n`);
  }

  #close(address: string): void {
    const server = this.#servers.get(address);
    this.#servers.delete(address);
    server?.close();
    server?.closeAllConnections();
  }
}

function adviceFor(error: Error, address: string, place: Place): string {
  switch (codeOf(error)) {
    case 'EADDRNOTAVAIL':
      return [
        `${place.address} is not an address of this machine. Linux has all of 127.0.0.0/8;`,
        `macOS wants each one added: sudo ifconfig lo0 alias ${place.address}`,
      ].join(' ');
    case 'EADDRINUSE':
      return `another process listens on ${address}: end it, or choose another clusterIP or port in the manifest`;
    case 'EACCES':
      return `${address} may not be listened on: choose a port from 1024 on in the manifest`;
    default:
      return messageOf(error);
  }
}
