import { type Logger, silentLogger } from '../../observe/logger.ts';
import type { ServiceObject } from '../../resources/service-object.ts';
import type { AccessSettings } from './access.ts';
import { KubeClient, type KubeClientOptions } from './client.ts';
import { readWatchedService, type ServiceSelection, serviceCollections } from './collections.ts';
import { ForbiddenError } from './errors.ts';
import { listAll } from './list.ts';

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
