import { serviceKey } from '../../model/route.ts';
import { type Logger, silentLogger } from '../../observe/logger.ts';
import type { EndpointSlice } from '../../resources/endpoint-slice.ts';
import type { EndpointSliceStore } from '../../resources/endpoint-slice-store.ts';
import type { ServiceObject } from '../../resources/service-object.ts';
import { SharedStrings } from '../../resources/shared-strings.ts';
import type { AccessSettings } from './access.ts';
import { KubeClient, type KubeClientOptions } from './client.ts';
import {
  readWatchedService,
  readWatchedSlice,
  type ServiceSelection,
  scopesOf,
  serviceCollections,
  serviceNameOf,
  sliceCollection,
} from './collections.ts';
import { ForbiddenError, isRefusal, KubeError } from './errors.ts';
import { type KubeObject, listAll } from './list.ts';

export interface ListOnceOptions extends KubeClientOptions {
  /** Logs objects that cannot be used. */
  readonly logger?: Logger;
  /** Gives up; the promise is then rejected with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Reads the Services that the settings ask for, once and without trying again. Of several namespaces, those that may not be
 * read are named in the log and left out, as a running instance does.
 * @throws KubeError: `code` tells an unreachable server from refused credentials, missing rights and no configuration
 */
export async function listServicesOnce(
  settings: AccessSettings & ServiceSelection,
  { logger = silentLogger(), signal = new AbortController().signal, ...options }: ListOnceOptions = {},
): Promise<ServiceObject[]> {
  const client = new KubeClient(settings, { logger, ...options });
  try {
    const outcomes = await Promise.allSettled(
      serviceCollections(settings).map(collection => listAll(client, collection, signal)),
    );
    const isReadable = outcomes.some(({ status }) => status === 'fulfilled');
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      if (!isReadable || !(outcome.reason instanceof ForbiddenError)) throw outcome.reason;
      logger.warn(`left out: ${outcome.reason.message}`);
    }
    return outcomes
      .flatMap(outcome => (outcome.status === 'fulfilled' ? outcome.value.items : []))
      .map(object => readWatchedService(object, logger))
      .filter(service => service !== undefined);
  } finally {
    await client.close();
  }
}

/**
 * Reads the EndpointSlices of the Services that ask for them into the store, once. Where they may not be read the store is told.
 * @throws KubeError, as {@link listServicesOnce}
 */
export async function listSlicesOnce(
  settings: AccessSettings & ServiceSelection,
  store: EndpointSliceStore,
  { logger = silentLogger(), signal = new AbortController().signal, ...options }: ListOnceOptions = {},
): Promise<void> {
  if (store.demand.size === 0) return;
  const client = new KubeClient(settings, { logger, ...options });
  const shared = new SharedStrings();
  const keep = (object: KubeObject): EndpointSlice | undefined => {
    const { namespace } = object.metadata;
    return store.demand.has({ namespace, name: serviceNameOf(object) })
      ? readWatchedSlice(object, logger, shared)
      : undefined;
  };
  try {
    for (const scope of scopesOf(settings)) {
      const asking = [...store.demand.values()].filter(({ namespace }) => scope === undefined || scope === namespace);
      try {
        const { items } = await listAll(client, { ...sliceCollection(scope), keep }, signal);
        const known = Map.groupBy(items, ({ metadata, service }) => `${metadata.namespace}/${service}`);
        for (const service of asking) store.setSlices(service, known.get(serviceKey(service)) ?? []);
      } catch (error) {
        if (!(error instanceof KubeError) || !isRefusal(error)) throw error;
        for (const service of asking) store.slicesUnreadable(service, error.message);
      }
    }
  } finally {
    await client.close();
  }
}
