/** What of the Kubernetes API is read, and written, only where Gateways are served. */
import type { KubeClient } from '../sources/kube/client.ts';
import { configMapSource } from '../sources/kube/config-map-source.ts';
import { GatewayKeeper } from '../sources/kube/gateway-keeper.ts';
import { GatewaySource } from '../sources/kube/gateway-source.ts';
import type { DemandedSource, FollowedSource } from './kube-ingresses.ts';
import type { SourceOptions } from './running-source.ts';
import { GatewayPublication } from './status/gateway-publication.ts';
import type { StatusElection } from './status/status-election.ts';

export interface KubeGatewaysOptions extends SourceOptions {
  readonly client: KubeClient;
  readonly election: StatusElection;
}

export interface KubeGateways {
  /** Between the sources and the catalog, for the state file and the statuses. */
  readonly keeper: GatewayKeeper;
  readonly followed: readonly FollowedSource[];
  readonly demanded: readonly DemandedSource[];
  readonly publication: GatewayPublication;
}

export function kubeGateways(options: KubeGatewaysOptions): KubeGateways {
  const { settings, catalog, logger, client, election, onChange } = options;
  const { gateways } = catalog;
  const keeper = new GatewayKeeper(gateways);
  const source = new GatewaySource({
    ...{ settings, client, logger, onChange, store: keeper },
    restored: kind => keeper.restored(kind),
  });
  return {
    keeper,
    followed: [source],
    demanded: [configMapSource(keeper.configMaps, { client, logger, onChange })],
    publication: new GatewayPublication({
      controllerName: settings.gatewayController,
      source: gateways,
      versionOf: kind => source.versionOf(kind),
      ...{ election, keeper, client, logger },
    }),
  };
}
