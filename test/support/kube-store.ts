import { concerns, type HistoryEntry, type ReceivedRequest, resourceOf, type StoredObject } from './kube-api-wire.ts';

/** What is listed: a page of a moment, and the token of the next one. */
interface Page {
  readonly items: readonly StoredObject[];
  readonly version: number;
  readonly next: string | undefined;
}

/** The etcd of the API server of kube-api.ts: objects, their versions and their history. */
export class KubeStore {
  /** By resource, namespace and name. */
  readonly #objects = new Map<string, StoredObject>();
  readonly #pages = new Map<string, { readonly items: readonly StoredObject[]; readonly version: number }>();
  #history: HistoryEntry[] = [];
  #version = 100;
  #oldest = 0;
  #created = 0;

  get version(): string {
    return String(this.#version);
  }

  /** Of the first version whose changes are still known. */
  get oldest(): number {
    return this.#oldest;
  }

  get(resource: string, namespace: string, name: string): StoredObject | undefined {
    return this.#objects.get(`${resource} ${namespace}/${name}`);
  }

  objectsOf(resource: string): StoredObject[] {
    return [...this.#objects.values()].filter(object => resourceOf(object) === resource);
  }

  /** Adds or changes an object. */
  apply(wanted: StoredObject): HistoryEntry {
    const key = keyOf(wanted);
    const before = this.#objects.get(key);
    this.#version += 1;
    this.#created += before === undefined ? 1 : 0;
    const object = withMetadata(wanted, {
      uid: before?.metadata.uid ?? `uid-${this.#created}`,
      creationTimestamp: before?.metadata.creationTimestamp ?? '2026-01-01T00:00:00Z',
      ...wanted.metadata,
      resourceVersion: this.version,
      // What belongs to no namespace has none: JSON leaves it out.
      ...(wanted.metadata.namespace === '' && { namespace: undefined as unknown as string }),
    });
    this.#objects.set(key, object);
    return this.#remember({
      type: before === undefined ? 'ADDED' : 'MODIFIED',
      version: this.#version,
      object,
      before,
    });
  }

  remove(resource: string, namespace: string, name: string): HistoryEntry {
    const key = `${resource} ${namespace}/${name}`;
    const before = this.#objects.get(key);
    if (before === undefined) throw new Error(`there is no object ${namespace}/${name} among the ${resource}`);
    this.#objects.delete(key);
    this.#version += 1;
    const object = withMetadata(before, { resourceVersion: this.version });
    return this.#remember({ type: 'DELETED', version: this.#version, object, before });
  }

  /** The first page of what a request asks for, or the one that its token names; undefined where that one is gone. */
  page(request: ReceivedRequest): Page | undefined {
    const { limit, continue: token } = request.query;
    const stored = token === undefined ? undefined : this.#pages.get(token);
    if (token !== undefined && stored === undefined) return undefined;
    const { items, version } = stored ?? {
      items: [...this.#objects.values()].filter(object => concerns(request, object)),
      version: this.#version,
    };
    const size = limit === undefined ? items.length : Number(limit);
    const rest = items.slice(size);
    const next = rest.length === 0 ? undefined : `page-${this.#pages.size + 1}`;
    if (next !== undefined) this.#pages.set(next, { items: rest, version });
    return { items: items.slice(0, size), version, next };
  }

  since(version: number): HistoryEntry[] {
    return this.#history.filter(entry => entry.version > version);
  }

  /** Versions before now are gone, and pages with them. */
  compact(): void {
    this.#oldest = this.#version;
    this.#history = [];
    this.#pages.clear();
  }

  /** The same objects in a new etcd, which counts from 1 again. */
  rebuild(): void {
    const objects = [...this.#objects.values()];
    this.#history = [];
    this.#oldest = 0;
    this.#version = 0;
    for (const object of objects) {
      this.#version += 1;
      this.#created += 1;
      const renewed = withMetadata(object, { uid: `uid-${this.#created}`, resourceVersion: this.version });
      this.#objects.set(keyOf(object), renewed);
    }
  }

  #remember(entry: HistoryEntry): HistoryEntry {
    this.#history.push(entry);
    return entry;
  }
}

function keyOf(object: StoredObject): string {
  const { namespace = '', name }: { readonly namespace?: string; readonly name: string } = object.metadata;
  return `${resourceOf(object)} ${namespace}/${name}`;
}

function withMetadata(object: StoredObject, metadata: Partial<StoredObject['metadata']>): StoredObject {
  return { ...object, metadata: { ...object.metadata, ...metadata } } as StoredObject;
}
