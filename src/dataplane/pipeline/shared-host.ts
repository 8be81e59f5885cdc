import type { EngineState } from '../engine.ts';
import type { GatewayPortState } from '../gateway-port-state.ts';
import type { CompiledTable } from '../route-compiler.ts';
import { sharedPortOf } from '../shared-port.ts';

type Transport = GatewayPortState['port']['transport'];

/** Who has the host of a request to a port that Gateways share. Requests for one host often follow each other: it is looked up once. */
export class SharedHost {
  /** The port of Gateways, where one of its listeners has the host; undefined where Services and Ingresses have it. */
  port: GatewayPortState | undefined;
  /** The listener names no host: a Service without one comes before it. */
  isUnnamed = false;
  #host: string | undefined;
  /** An exchange serves clients of both ports, one after the other. */
  #transport: Transport | undefined;
  #table: CompiledTable | undefined;
  #revision = 0;

  /** @param isKept whether the host may be kept: it is no part of a head */
  find(state: EngineState, transport: Transport, host: string, isKept: boolean): void {
    const { table, tlsHosts, gatewayPorts } = state;
    // Both only grow.
    const revision = tlsHosts.revision + gatewayPorts.revision;
    const isKnown = host === this.#host && transport === this.#transport;
    if (isKnown && table === this.#table && revision === this.#revision) return;
    this.#host = isKept ? host : undefined;
    this.#transport = transport;
    this.#table = table;
    this.#revision = revision;
    this.port = sharedPortOf(state, transport, host);
    this.isUnnamed = this.port?.listenerOf(host)?.hostname === '';
  }
}
