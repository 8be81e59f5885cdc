/** What stands before the instances: a TCP balancer that takes new connections only to those that say they are ready. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import type { ServingProgram } from '../cli/serve-fixture.ts';
import { resetSocket } from '../support/reset-socket.ts';

const CHECK_MS = 50;
/** How long after a failed check new connections still go there: kube-proxy on another node hears of it late. */
const LAG_MS = 200;

interface Place {
  readonly program: ServingProgram;
  isReady: boolean;
}

export class Balancer {
  readonly #server: Server;
  readonly #places: Place[] = [];
  /** Which instance has the connection that comes from a local port. */
  readonly #takenBy = new Map<number, ServingProgram>();
  readonly #sockets = new Set<Socket>();
  #turn = 0;
  #isOver = false;

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, client => this.#accept(client));
  }

  static async start(t: TestContext): Promise<Balancer> {
    const balancer = new Balancer();
    balancer.#server.listen({ host: '127.0.0.1', port: 0 });
    await once(balancer.#server, 'listening');
    t.after(() => {
      balancer.#isOver = true;
      balancer.#server.close();
      for (const socket of balancer.#sockets) socket.destroy();
    });
    return balancer;
  }

  get address(): ListenAddress {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the balancer does not listen');
    return { host: address.address, port: address.port };
  }

  /** Adds an instance that is ready, and watches it from now on. */
  add(program: ServingProgram): void {
    const place = { program, isReady: true };
    this.#places.push(place);
    void this.#watch(place);
  }

  /** @param localPort of a client's connection to the balancer */
  takerOf(localPort: number): ServingProgram | undefined {
    return this.#takenBy.get(localPort);
  }

  async #watch(place: Place): Promise<void> {
    while (!this.#isOver) {
      const answer = await place.program.readiness().catch(() => undefined);
      if (answer?.status !== 200) break;
      await delay(CHECK_MS);
    }
    await delay(LAG_MS);
    place.isReady = false;
  }

  #accept(client: Socket): void {
    const ready = this.#places.filter(({ isReady }) => isReady);
    const place = ready[this.#turn++ % ready.length];
    if (place === undefined) {
      client.destroy();
      return;
    }
    this.#takenBy.set(client.remotePort ?? 0, place.program);
    const instance = connect({ ...place.program.address, allowHalfOpen: true, noDelay: true });
    this.#join(client, instance);
    this.#join(instance, client);
  }

  /** Bytes, FIN and RST go over as they come. */
  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.pipe(to);
    from.on('error', () => resetSocket(to));
    from.on('close', () => this.#sockets.delete(from));
  }
}
