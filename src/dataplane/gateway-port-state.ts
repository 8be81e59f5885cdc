import type { GatewayListener, GatewayPort, PortId } from '../model/gateway-port.ts';
import { listenerKey } from '../model/route.ts';
import { Hostnames } from '../routing/gateway/hostnames.ts';
import type { ClientPort, PortListener } from './pipeline/ports.ts';

/** A listener as a worker serves it. */
export interface ListenerState extends PortListener {
  readonly listener: GatewayListener;
}

/** A port of a Gateway as a worker serves it. Its clients keep it: a change counts for their next requests, too. */
export class GatewayPortState implements ClientPort {
  readonly id: PortId;
  #port: GatewayPort;
  #listeners: Hostnames<ListenerState>;

  constructor(port: GatewayPort) {
    this.id = port.id;
    this.#port = port;
    this.#listeners = listenersOf(port);
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
    this.#listeners = listenersOf(port);
  }

  listenerOf(host: string): ListenerState | undefined {
    return this.#listeners.closest(host);
  }
}

function listenersOf({ id, listeners }: GatewayPort): Hostnames<ListenerState> {
  return new Hostnames(
    listeners.map(listener => {
      const { hostname } = listener;
      return [hostname, { hostname, key: listenerKey(id, hostname), listener }];
    }),
  );
}
