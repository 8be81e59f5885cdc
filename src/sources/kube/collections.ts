/** Which objects the settings ask for, and how the API's objects become ours. */
import type { Logger } from '../../observe/logger.ts';
import { type EndpointSlice, readEndpointSlice } from '../../resources/endpoint-slice.ts';
import { SERVICE_NAME_LABEL } from '../../resources/endpoint-slice-shape.ts';
import {
  fieldName,
  isObject,
  isShapeProblem,
  readService,
  type ServiceObject,
} from '../../resources/service-object.ts';
import type { SharedStrings } from '../../resources/shared-strings.ts';
import type { Settings } from '../../settings/schema.ts';
import type { Collection, KubeObject } from './list.ts';

export type ServiceSelection = Pick<Settings, 'namespace' | 'selector'>;

/** client-go's page size: large enough for few round trips, small enough for the server's memory. */
const SERVICES_PAGE = 500;
/** A slice of 100 endpoints is 31 KB: a page of them is parsed in 15 ms, and of those of 1 000, the most, in 150. */
const SLICES_PAGE = 100;

/** The whole cluster, or one namespace after the other: an account with Roles only may read no more. */
export function scopesOf({ namespace }: Pick<Settings, 'namespace'>): (string | undefined)[] {
  return namespace.length === 0 ? [undefined] : [...new Set(namespace)];
}

export function serviceCollections(selection: ServiceSelection): Collection[] {
  return scopesOf(selection).map(namespace => serviceCollection({ ...selection, namespace }));
}

export function serviceCollection({ namespace, selector }: Pick<Collection, 'namespace' | 'selector'>): Collection {
  return {
    resource: 'services',
    namespace,
    selector,
    pageSize: SERVICES_PAGE,
    keep: trimmed,
    unread: 'Nothing has been read yet',
  };
}

/**
 * Slices of all Services, or of one. The selector of the settings is for Services: slices that are written by hand need not
 * have the labels of their Service.
 * @param service its name; else the slices of all Services
 */
export function sliceCollection(namespace: string | undefined, service?: string): Omit<Collection, 'keep'> {
  return {
    resource: 'endpointslices',
    namespace,
    selector: service === undefined ? SERVICE_NAME_LABEL : `${SERVICE_NAME_LABEL}=${service}`,
    pageSize: SLICES_PAGE,
    unread: 'Services that ask for their endpoints are served by their ClusterIPs',
  };
}

/** Undefined, and a line in the log, for what the API server should never have taken. */
export function readWatchedService(object: KubeObject, logger: Logger): ServiceObject | undefined {
  const { namespace, name } = object.metadata;
  const service = readService(object, namespace);
  if (!isShapeProblem(service)) return service;
  logger.warn(`Service ${namespace}/${name} is left out: ${service.path.join('.')} ${service.reason}`);
  return undefined;
}

/** As {@link readWatchedService}. @param before the slice as it was */
export function readWatchedSlice(
  object: KubeObject,
  logger: Logger,
  shared: SharedStrings,
  before?: EndpointSlice,
): EndpointSlice | undefined {
  const { namespace, name } = object.metadata;
  const slice = readEndpointSlice(object, namespace, shared, before);
  if (!isShapeProblem(slice)) return slice;
  logger.warn(`EndpointSlice ${namespace}/${name} is left out: ${fieldName(slice.path)} ${slice.reason}`);
  return undefined;
}

/** The name of the Service that a slice belongs to, told without reading the rest of it; empty when there is none. */
export function serviceNameOf({ metadata: { labels } }: KubeObject): string {
  const name = isObject(labels) ? labels[SERVICE_NAME_LABEL] : undefined;
  return typeof name === 'string' ? name : '';
}

/** Who manages which field, and the status, are most of an object, and of no use here. */
function trimmed({ metadata, spec }: KubeObject): KubeObject {
  const { name, namespace, resourceVersion, uid, creationTimestamp, annotations } = metadata;
  return {
    metadata: { name, namespace, resourceVersion, uid, creationTimestamp, annotations },
    spec,
  };
}
