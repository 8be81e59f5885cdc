/** Which Services the settings ask for, and how the API's objects become ours. */
import type { Logger } from '../../observe/logger.ts';
import { isShapeProblem, readService, type ServiceObject } from '../../resources/service-object.ts';
import type { Settings } from '../../settings/schema.ts';
import type { Collection, KubeObject } from './list.ts';

export type ServiceSelection = Pick<Settings, 'namespace' | 'selector'>;

/** One collection for the whole cluster, or one a namespace: an account with Roles only may read no more. */
export function serviceCollections({ namespace, selector }: ServiceSelection): Collection[] {
  const namespaces = namespace.length === 0 ? [undefined] : [...new Set(namespace)];
  return namespaces.map(name => ({ resource: 'services', namespace: name, selector }));
}

/** Undefined, and a line in the log, for what the API server should never have taken. */
export function readWatchedService(object: KubeObject, logger: Logger): ServiceObject | undefined {
  const { namespace, name } = object.metadata;
  const service = readService(object, namespace);
  if (!isShapeProblem(service)) return service;
  logger.warn(`Service ${namespace}/${name} is left out: ${service.path.join('.')} ${service.reason}`);
  return undefined;
}
