/** One of several replicas writes the statuses of objects of the Gateway API, as the watches show them and the catalog says them. */
import { type Clock, systemClock } from '../../clock.ts';
import type { Logger } from '../../observe/logger.ts';
import { GATEWAY_KIND_NAMES } from '../../resources/gateway/gateway-kinds.ts';
import type { GatewayKind } from '../../resources/gateway/gateway-object.ts';
import type { KubeClient } from '../../sources/kube/client.ts';
import type { GatewayKeeper } from '../../sources/kube/gateway-keeper.ts';
import { getGatewayObject, type NamedObject, writeGatewayStatus } from '../../sources/kube/gateway-status-writer.ts';
import { gatewayKey } from '../../translate/gateway/gateway-key.ts';
import type { ObjectStatus } from '../../translate/gateway/gateway-status.ts';
import type { GatewayServicePublication } from './gateway-service-publication.ts';
import { GatewayStatus, type StatusCounts, type StatusObject, storedObject } from './gateway-status.ts';
import type { StatusElection } from './status-election.ts';

/** What the catalog says of statuses. */
export interface StatusSource {
  /** By key, those that have changed since this was asked last; undefined: no part of the object's status is ours any longer. */
  takeStatuses(): ReadonlyMap<string, ObjectStatus | undefined>;
}

export interface GatewayPublicationOptions {
  readonly controllerName: string;
  readonly election: StatusElection;
  readonly source: StatusSource;
  readonly keeper: GatewayKeeper;
  /** Makes Services for Gateways; absent: they have none. */
  readonly services?: GatewayServicePublication | undefined;
  /** The version that a kind is read, and written, in; undefined while there is no such kind. */
  readonly versionOf: (kind: GatewayKind) => string | undefined;
  readonly client: Pick<KubeClient, 'json'>;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export class GatewayPublication {
  readonly #options: GatewayPublicationOptions;
  readonly #status: GatewayStatus;

  constructor(options: GatewayPublicationOptions) {
    const { controllerName, election, keeper, client, logger, clock = systemClock } = options;
    this.#options = options;
    this.#status = new GatewayStatus({
      ...{ controllerName, logger, clock, random: options.random ?? Math.random },
      keyOf: object => gatewayKey(object.kind, object),
      stored: object => {
        const found = keeper.get(object.kind, object);
        return found && storedObject(found);
      },
      all: () => this.#all(),
      isWriter: () => election.isLeader,
      write: async (object, before, status, signal) => {
        const written = await writeGatewayStatus(client, this.#named(object), before, status, signal);
        return typeof written === 'string' ? written : storedObject(written.object);
      },
      read: async (object, signal) => {
        const found = await getGatewayObject(client, this.#named(object), signal);
        return found === undefined ? undefined : storedObject(found);
      },
    });
    election.onChange(() => this.#status.lookAtAll());
    keeper.onObject = (kind, { namespace, name }) => {
      if (hasStatus(kind)) this.#status.touch({ kind, namespace, name });
    };
  }

  start(): void {
    this.#options.election.start();
  }

  /** Notes what the catalog says of statuses now. @returns says it: to be called when it is served */
  take(): () => void {
    const news = this.#options.source.takeStatuses();
    return () => {
      this.#status.said(news);
      this.#options.services?.look();
    };
  }

  /** What keeps statuses from being written, for people. */
  get problems(): string[] {
    const { election, services } = this.#options;
    return [election.problem ?? [], this.#status.problem ?? [], services?.problem ?? []].flat();
  }

  get counts(): StatusCounts {
    const { written, conflicts, failed } = this.#options.services?.counts ?? NO_WRITES;
    const { counts } = this.#status;
    return {
      written: counts.written + written,
      conflicts: counts.conflicts + conflicts,
      failed: counts.failed + failed,
    };
  }

  async stop(): Promise<void> {
    this.#options.keeper.onObject = undefined;
    await Promise.all([this.#status.stop(), this.#options.services?.stop()]);
  }

  *#all(): Iterable<StatusObject> {
    for (const kind of GATEWAY_KIND_NAMES) {
      if (!hasStatus(kind)) continue;
      for (const { metadata } of this.#options.keeper.all(kind)) {
        yield { kind, namespace: metadata.namespace, name: metadata.name };
      }
    }
  }

  #named({ kind, namespace, name }: StatusObject): NamedObject {
    return { kind, namespace, name, version: this.#options.versionOf(kind) ?? 'v1' };
  }
}

const NO_WRITES: StatusCounts = { written: 0, conflicts: 0, failed: 0 };

function hasStatus(kind: GatewayKind): kind is StatusObject['kind'] {
  return kind !== 'Namespace' && kind !== 'ReferenceGrant';
}
