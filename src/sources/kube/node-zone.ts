import { type Clock, sleep } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../observe/logger.ts';
import { isObject } from '../../resources/service-object.ts';
import type { KubeClient } from './client.ts';
import { isRefusal, KubeError } from './errors.ts';

const ZONE_LABEL = 'topology.kubernetes.io/zone';
const TIMEOUT_MS = 10_000;
/** The zone of a node does not change, and hints can wait. */
const RETRY_MS = 30_000;

export interface NodeZoneOptions {
  readonly client: Pick<KubeClient, 'json'>;
  readonly nodeName: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Reads the zone of a node from its label, again and again until the API answers.
 * @returns empty when the node has none, or may not be read: that is said in the log, once
 */
export async function readNodeZone({ client, nodeName, logger, clock, signal }: NodeZoneOptions): Promise<string> {
  const operation = { verb: 'get', resource: 'nodes', namespace: undefined } as const;
  while (!signal.aborted) {
    try {
      const zone = zoneOf(await client.json({ operation, name: nodeName, signal, timeoutMs: TIMEOUT_MS }));
      if (zone === '') logger.info(`node ${nodeName} has no label ${ZONE_LABEL}: hints for zones are not followed`);
      return zone;
    } catch (error) {
      if (signal.aborted) break;
      if (error instanceof KubeError && isRefusal(error)) {
        logger.info(`hints for zones are not followed, until --zone says where this is: ${error.message}`);
        return '';
      }
      logger.debug(`the zone of node ${nodeName} cannot be read yet: ${messageOf(error)}`);
      await sleep(clock, RETRY_MS, signal);
    }
  }
  return '';
}

function zoneOf(node: unknown): string {
  const labels = isObject(node) && isObject(node.metadata) ? node.metadata.labels : undefined;
  const zone = isObject(labels) ? labels[ZONE_LABEL] : undefined;
  return typeof zone === 'string' ? zone : '';
}
