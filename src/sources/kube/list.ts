/** One consistent list of a collection, read page by page. */

import { type Clock, systemClock } from '../../clock.ts';
import { isObject } from '../../resources/service-object.ts';
import type { KubeClient } from './client.ts';
import { BadAnswerError, describe, ExpiredError, type Operation } from './errors.ts';

/** For one page; without it a server that stops half-way would hold the list for ever. */
const PAGE_TIMEOUT_MS = 30_000;
/** Ten times the Services that Kubernetes is tested with. */
const MAX_OBJECTS = 100_000;
/** A server may send fewer objects in a page than it is asked for, and none. */
const MAX_PAGES = 1_000;
/** For all pages: an API server forgets the state that they are read from after five minutes. */
const LIST_TIMEOUT_MS = 600_000;
/** One object is no work: the answer tells above all whether the server is there. */
const PROBE_TIMEOUT_MS = 10_000;

/** An object of the API: what the reflector needs of it was checked, the rest is as it came. */
export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion: string;
    readonly uid?: unknown;
    readonly creationTimestamp?: unknown;
    readonly labels?: unknown;
    readonly annotations?: unknown;
  };
  readonly spec?: unknown;
}

/** What is read, and what is kept of it. */
export interface Collection<T extends KubeObject = KubeObject> {
  readonly resource: Operation['resource'];
  /** Of a resource that is read in several versions. */
  readonly version?: string | undefined;
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  /** Label selector; empty for all objects. */
  readonly selector: string;
  /** Field selector; absent for all objects. */
  readonly fields?: string | undefined;
  /** Objects in one page of a list. */
  readonly pageSize: number;
  /**
   * What is kept of an object of a list: called when its page was read, so that the rest of the object does not outlive the
   * page. Undefined: nothing.
   */
  keep(object: KubeObject): T | undefined;
  /** What people read in the log while nothing could be read yet: `Nothing has been read yet`. */
  readonly unread: string;
}

type Lister = Pick<KubeClient, 'json'>;

export interface KubeList<T extends KubeObject = KubeObject> {
  readonly items: readonly T[];
  /** The moment that the list shows, and from which a watch goes on. */
  readonly resourceVersion: string;
}

/**
 * Reads everything there is. Without `resourceVersion` the server answers from the latest state.
 * @throws KubeError, also for a list that does not end
 */
export async function listAll<T extends KubeObject>(
  client: Lister,
  collection: Collection<T>,
  signal: AbortSignal,
  clock: Pick<Clock, 'monotonic'> = systemClock,
): Promise<KubeList<T>> {
  const items: T[] = [];
  const began = clock.monotonic();
  const { pageSize } = collection;
  let objects = 0;
  let pages = 0;
  let token: string | undefined;
  try {
    do {
      const page = await readPage(client, collection, { limit: pageSize, token, timeoutMs: PAGE_TIMEOUT_MS }, signal);
      for (const item of page.items) items.push(item);
      objects += page.objects;
      pages += 1;
      if (page.token === undefined) return { items, resourceVersion: page.resourceVersion };
      const objection = endlessness(objects, pages, clock.monotonic() - began, page.token === token);
      if (objection !== undefined) {
        const operation: Operation = { verb: 'list', ...collection };
        throw new BadAnswerError(`list ${describe(operation)}: the list does not end: ${objection}`);
      }
      token = page.token;
    } while (token !== undefined);
  } catch (error) {
    if (!(error instanceof ExpiredError) || pages === 0) throw error;
  }
  // The history that the pages are read from was compacted on the way. A single page cannot expire.
  const whole = { limit: undefined, token: undefined, timeoutMs: PAGE_TIMEOUT_MS };
  return await readPage(client, collection, whole, signal);
}

/** Why no further page is asked for; undefined while it is. */
function endlessness(objects: number, pages: number, tookMs: number, isRepeated: boolean): string | undefined {
  if (isRepeated) return 'the server said twice that it goes on at the same place';
  if (objects > MAX_OBJECTS) return `more than ${MAX_OBJECTS} objects`;
  if (pages >= MAX_PAGES) return `more than ${MAX_PAGES} pages`;
  return tookMs > LIST_TIMEOUT_MS ? `it took more than ${LIST_TIMEOUT_MS / 60_000} minutes` : undefined;
}

/** The version the server is at, for the price of one object. @throws KubeError */
export async function currentVersion(client: Lister, collection: Collection, signal: AbortSignal): Promise<string> {
  const page = { limit: 1, token: undefined, timeoutMs: PROBE_TIMEOUT_MS };
  return (await readPage(client, collection, page, signal)).resourceVersion;
}

interface Page {
  /** Undefined: everything in one. */
  readonly limit: number | undefined;
  /** The server's word for where the page before ended. */
  readonly token: string | undefined;
  readonly timeoutMs: number;
}

async function readPage<T extends KubeObject>(
  client: Lister,
  { resource, version, namespace, selector, fields, keep }: Collection<T>,
  { limit, token, timeoutMs }: Page,
  signal: AbortSignal,
): Promise<KubeList<T> & { readonly objects: number; readonly token: string | undefined }> {
  const operation: Operation = { verb: 'list', resource, version, namespace, fields };
  const query = { limit, continue: token, ...selectors({ selector, fields }) };
  const list = await client.json({ operation, query, signal, timeoutMs });
  const isList = isObject(list) && isObject(list.metadata) && typeof list.metadata.resourceVersion === 'string';
  // Go writes null for a nil slice.
  const items = isList ? (list.items ?? []) : undefined;
  if (!isList || !Array.isArray(items)) {
    throw new BadAnswerError(`list ${describe(operation)}: the answer is not a list`);
  }
  const { resourceVersion, continue: next } = list.metadata as { resourceVersion: string; continue?: unknown };
  return {
    items: items.map(item => keep(readObject(item, operation))).filter(item => item !== undefined),
    objects: items.length,
    resourceVersion,
    token: typeof next === 'string' && next !== '' ? next : undefined,
  };
}

/** What of a collection is wanted, in the query. */
export function selectors({ selector, fields }: Pick<Collection, 'selector' | 'fields'>) {
  return { labelSelector: selector === '' ? undefined : selector, fieldSelector: fields };
}

/** Kinds of which an object belongs to no namespace. */
const OF_THE_CLUSTER: ReadonlySet<Operation['resource']> = new Set(['ingressclasses', 'gatewayclasses', 'namespaces']);

/** What belongs to no namespace gets an empty one. @throws BadAnswerError for what is no object of the API */
export function readObject(value: unknown, operation: Operation): KubeObject {
  if (isObject(value) && isObject(value.metadata)) {
    const { name, namespace, resourceVersion } = value.metadata;
    if (typeof name === 'string' && typeof resourceVersion === 'string') {
      if (typeof namespace === 'string') return value as { metadata: KubeObject['metadata'] };
      if (OF_THE_CLUSTER.has(operation.resource)) {
        return { ...value, metadata: { ...value.metadata, name, resourceVersion, namespace: '' } };
      }
    }
  }
  throw new BadAnswerError(`${operation.verb} ${describe(operation)}: an object has no name, namespace or version`);
}
