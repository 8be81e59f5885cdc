import type { ClusterId } from '../model/cluster-id.ts';
import type { GatewayListener, GatewayPort, PortId, StreamRoute } from '../model/gateway-port.ts';
import { listenerKey } from '../model/route.ts';
import { Hostnames } from '../routing/gateway/hostnames.ts';
import type { ClientPort, PortListener } from './pipeline/known-client.ts';
import { WeightedRoutes } from './weighted-routes.ts';

/** A listener as a worker serves it. */
export interface ListenerState extends PortListener {
  readonly listener: GatewayListener;
  /** The cluster that the bytes of a connection go to, whose turn it is; undefined: there is none for this name. */
  streamTo(serverName: string): ClusterId | undefined;
}

/** A port of a Gateway as a worker serves it. Its clients keep it: a change counts for their next requests, too. */
export class GatewayPortState implements ClientPort {
  readonly id: PortId;
  isClosed = false;
  readonly #random: () => number;
  #port: GatewayPort;
  #listeners: Hostnames<ListenerState>;

  /** @param random from 0 to 1: workers begin at different backends */
  constructor(port: GatewayPort, random: () => number) {
    this.id = port.id;
    this.#random = random;
    this.#port = port;
    this.#listeners = listenersOf(port, random);
  }

  /** As it was published last. */
  get port(): GatewayPort {
    return this.#port;
  }

  get publicPort(): number {
    return this.#port.publicPort;
  }

  /** @param port of the same id */
  change(port: GatewayPort): void {
    this.#port = port;
    this.#listeners = listenersOf(port, this.#random);
  }

  listenerOf(host: string): ListenerState | undefined {
    return this.#listeners.closest(host);
  }
}

function listenersOf({ id, listeners }: GatewayPort, random: () => number): Hostnames<ListenerState> {
  return new Hostnames(
    listeners.map(listener => {
      const { hostname, streams = [] } = listener;
      const byHost = new Hostnames(streams.map(stream => [stream.host, backendsOf(stream, random)]));
      const streamTo = (serverName: string): ClusterId | undefined => byHost.closest(serverName)?.next();
      const clientPolicy = listener.clientCertificate?.policy ?? '';
      return [hostname, { hostname, key: listenerKey(id, hostname), clientPolicy, listener, streamTo }];
    }),
  );
}

function backendsOf({ backends }: StreamRoute, random: () => number): WeightedRoutes<ClusterId> | undefined {
  const shares = backends.flatMap(({ cluster, weight }) => (weight > 0 ? { route: cluster, weight } : []));
  return shares.length === 0 ? undefined : new WeightedRoutes(shares, random());
}
