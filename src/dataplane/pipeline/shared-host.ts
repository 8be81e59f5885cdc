import type { EngineState } from '../engine.ts';
import type { GatewayPortState } from '../gateway-port-state.ts';
import type { CompiledTable } from '../route-compiler.ts';
import { sharedPortOf } from '../shared-port.ts';

/** Who has the host that a client asks for on a port that Gateways share. It asks for the same host again and again: it is looked up once. */
export class SharedHost {
  /** The port of Gateways, where one of its listeners has the host; undefined where Services and Ingresses have it. */
  port: GatewayPortState | undefined;
  /** The listener names no host: a Service without one comes before it. */
  isUnnamed = false;
  #host: string | undefined;
  #table: CompiledTable | undefined;
  #revision = 0;

  /** @param transport the same for all requests of a client @param isKept whether the host may be kept: it is no part of a head */
  find(state: EngineState, transport: GatewayPortState['port']['transport'], host: string, isKept: boolean): void {
    const { table, tlsHosts, gatewayPorts } = state;
    // Both only grow.
    const revision = tlsHosts.revision + gatewayPorts.revision;
    if (host === this.#host && table === this.#table && revision === this.#revision) return;
    this.#host = isKept ? host : undefined;
    this.#table = table;
    this.#revision = revision;
    this.port = sharedPortOf(state, transport, host);
    this.isUnnamed = this.port?.listenerOf(host)?.hostname === '';
  }
}
