/** What of the Kubernetes API is read, and written, only where Ingresses are served. */
import type { KubeClient } from '../sources/kube/client.ts';
import { configMapSource } from '../sources/kube/config-map-source.ts';
import { IngressKeeper } from '../sources/kube/ingress-keeper.ts';
import { IngressSource } from '../sources/kube/ingress-source.ts';
import type { DemandedSource, FollowedSource } from './followed-source.ts';
import type { SourceOptions } from './running-source.ts';
import type { StatusElection } from './status/status-election.ts';
import { StatusPublication } from './status/status-publication.ts';

export interface KubeIngressesOptions extends SourceOptions {
  readonly client: KubeClient;
  readonly election: StatusElection;
}

export interface KubeIngresses {
  /** Between the sources and the catalog, for the state file. */
  readonly keeper: IngressKeeper;
  readonly followed: readonly FollowedSource[];
  readonly demanded: readonly DemandedSource[];
  readonly publication: StatusPublication;
}

export function kubeIngresses(options: KubeIngressesOptions): KubeIngresses {
  const { settings, liveSettings, catalog, logger, client, election, onChange } = options;
  const keeper = new IngressKeeper(catalog.ingresses);
  const source = new IngressSource({
    ...{ settings, client, logger, onChange, store: keeper },
    restored: () => keeper.restored,
  });
  return {
    keeper,
    followed: [source],
    demanded: [configMapSource(keeper.configMaps, { client, logger, onChange })],
    publication: new StatusPublication({
      settings: liveSettings,
      served: () => catalog.ingresses.served(),
      ...{ election, client, logger },
    }),
  };
}
