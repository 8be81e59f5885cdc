/**
 * Stands for a load balancer and for kube-proxy: gives Services of the type LoadBalancer addresses, listens there, and hands
 * connections on to the endpoints that the EndpointSlices of the Service name.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { dig } from '../../deploy/objects.ts';
import type { RealKube } from '../../support/real-kube.ts';
import { resetSocket } from '../../support/reset-socket.ts';

const POLL_MS = 50;

type Item = Readonly<Record<string, unknown>>;

interface Door {
  readonly server: Server;
  /** Of the Service's port. */
  portName: string;
  readonly service: string;
}

export class ServiceNetwork implements AsyncDisposable {
  readonly #kube: RealKube;
  readonly #pool: readonly string[];
  /** Not given to Services that ask for no address. */
  readonly #reserved: string;
  /** By key of the Service. */
  readonly #addresses = new Map<string, string>();
  /** By address and port. */
  readonly #doors = new Map<string, Door>();
  /** By key of the Service and name of its port. */
  #endpoints = new Map<string, { readonly host: string; readonly port: number }[]>();
  readonly #sockets = new Set<Socket>();
  readonly #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #turn = 0;

  private constructor(kube: RealKube, pool: readonly string[], reserved: string) {
    this.#kube = kube;
    this.#pool = pool;
    this.#reserved = reserved;
  }

  /** @param reserved an address of the pool that Services get which ask for it */
  static start(kube: RealKube, pool: readonly string[], reserved: string): ServiceNetwork {
    const network = new ServiceNetwork(kube, pool, reserved);
    network.#running = network.#run();
    return network;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#running;
    for (const { server } of this.#doors.values()) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      try {
        await this.#look();
      } catch (error) {
        if (!this.#ending.signal.aborted) process.stderr.write(`the network of Services: ${String(error)}\n`);
      }
      await delay(POLL_MS);
    }
  }

  async #look(): Promise<void> {
    const [services, slices] = await Promise.all([
      this.#list('/api/v1/services'),
      this.#list('/apis/discovery.k8s.io/v1/endpointslices'),
    ]);
    this.#endpoints = endpointsOf(slices);
    const balanced = services.filter(service => dig(service, 'spec', 'type') === 'LoadBalancer');
    const keys = new Set(balanced.map(keyOf));
    for (const key of this.#addresses.keys()) if (!keys.has(key)) this.#addresses.delete(key);
    const wanted = new Map<string, Omit<Door, 'server'>>();
    for (const service of balanced) {
      const address = await this.#addressOf(service);
      if (address === undefined) continue;
      for (const port of items(service, 'spec', 'ports')) {
        wanted.set(`${address} ${port.port}`, { service: keyOf(service), portName: String(port.name ?? '') });
      }
    }
    for (const [place, { server, service }] of this.#doors) {
      if (wanted.get(place)?.service === service) continue;
      server.close();
      this.#doors.delete(place);
    }
    for (const [place, door] of wanted) {
      const known = this.#doors.get(place);
      if (known === undefined) this.#doors.set(place, { ...door, server: this.#open(place) });
      else known.portName = door.portName;
    }
  }

  /** The address of a Service, which is in its status, or on its way there. Undefined: it asks for one that is not here, or none is left. */
  async #addressOf(service: Item): Promise<string | undefined> {
    const address = this.#choose(service);
    // By what is stored: what was written may have been lost, and another Service of this name may have come meanwhile.
    if (dig(service, 'status', 'loadBalancer', 'ingress', 0, 'ip') === address) return address;
    const path = `/api/v1/namespaces/${dig(service, 'metadata', 'namespace')}/services/${dig(service, 'metadata', 'name')}/status`;
    const ingress = address === undefined ? [] : [{ ip: address }];
    await this.#kube.api('PATCH', path, { status: { loadBalancer: { ingress } } });
    return address;
  }

  #choose(service: Item): string | undefined {
    const key = keyOf(service);
    const asked = dig(service, 'spec', 'loadBalancerIP') as string | undefined;
    const known = this.#addresses.get(key);
    if (known !== undefined && (asked === undefined || asked === known)) return known;
    const taken = new Set(this.#addresses.values());
    const free = this.#pool.filter(address => !taken.has(address));
    const address = free.find(one => (asked === undefined ? one !== this.#reserved : one === asked));
    if (address === undefined) this.#addresses.delete(key);
    else this.#addresses.set(key, address);
    return address;
  }

  #open(place: string): Server {
    const [host = '', port = ''] = place.split(' ');
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, client => {
      const door = this.#doors.get(place);
      const endpoints = this.#endpoints.get(`${door?.service} ${door?.portName}`) ?? [];
      this.#turn += 1;
      const endpoint = endpoints[this.#turn % Math.max(1, endpoints.length)];
      if (endpoint === undefined) client.destroy();
      else this.#join(client, connect({ ...endpoint, allowHalfOpen: true }));
    });
    return server.listen(Number(port), host);
  }

  #join(client: Socket, upstream: Socket): void {
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => resetSocket(other));
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroySoon();
      });
      one.pipe(other);
    }
  }

  async #list(path: string): Promise<readonly Item[]> {
    const { status, body } = await this.#kube.api('GET', path);
    if (status !== 200) throw new Error(`${path}: ${status}`);
    return items(body, 'items');
  }
}

function endpointsOf(slices: readonly Item[]): Map<string, { host: string; port: number }[]> {
  const found = new Map<string, { host: string; port: number }[]>();
  for (const slice of slices) {
    const service = `${dig(slice, 'metadata', 'namespace')}/${dig(slice, 'metadata', 'labels', 'kubernetes.io/service-name')}`;
    const ready = items(slice, 'endpoints').filter(endpoint => dig(endpoint, 'conditions', 'ready') !== false);
    for (const { name = '', port } of items(slice, 'ports')) {
      const key = `${service} ${String(name)}`;
      const places = ready.map(endpoint => ({ host: String(dig(endpoint, 'addresses', 0)), port: Number(port) }));
      found.set(key, [...(found.get(key) ?? []), ...places]);
    }
  }
  return found;
}

function keyOf(service: Item): string {
  return `${dig(service, 'metadata', 'namespace')}/${dig(service, 'metadata', 'name')}`;
}

function items(value: unknown, ...path: readonly string[]): readonly Item[] {
  return (dig(value, ...path) ?? []) as readonly Item[];
}
