import { Gauge, type Registry } from 'prom-client';

/** By state, how many there are. */
export type CountsByState = ReadonlyMap<string, number>;

/** Gateways in numbers that stay small, however many there are. */
export interface GatewayFigures {
  /** `programmed`, `pending` or `refused`. */
  readonly gateways: CountsByState;
  /** Of Gateways and ListenerSets, in the same states. */
  readonly listeners: CountsByState;
  /** HTTPRoutes, GRPCRoutes and TLSRoutes: `attached` to a listener, or `refused` by all that they name. */
  readonly routes: CountsByState;
  /** Addresses and ports: `listening`, `opening` or `failed`. */
  readonly ports: CountsByState;
}

/** @param figures asked for once a scrape and gauge; undefined where no Gateway is served */
export function addGatewayMetrics(registry: Registry, figures: () => GatewayFigures | undefined): void {
  const add = (name: string, help: string, counts: keyof GatewayFigures): void => {
    new Gauge({
      name,
      help,
      labelNames: ['state'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [state, count] of figures()?.[counts] ?? []) this.set({ state }, count);
      },
    });
  };
  add('kube_entry_gateways', 'Gateways: programmed, pending or refused.', 'gateways');
  add(
    'kube_entry_gateway_listeners',
    'Listeners of Gateways and ListenerSets: programmed, pending or refused.',
    'listeners',
  );
  add(
    'kube_entry_gateway_routes',
    'HTTPRoutes, GRPCRoutes and TLSRoutes: attached to a listener, or refused by all that they name.',
    'routes',
  );
  add('kube_entry_gateway_ports', 'Addresses and ports of Gateways: listening, opening or failed.', 'ports');
}
