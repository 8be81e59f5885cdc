import { messageOf } from '../../errors.ts';
import { isObject } from '../../resources/service-object.ts';
import type { AccessSettings } from './access.ts';
import { KubeClient, type KubeClientOptions } from './client.ts';
import { scopesOf } from './collections.ts';
import { ForbiddenError, type Operation } from './errors.ts';

/** So many objects in one page: few round trips, and little memory of the server. */
const PAGE = 500;
/** Of one kind: ten times what Kubernetes is tested with. */
const MAX_PAGES = 200;
const PAGE_TIMEOUT_MS = 30_000;

export interface ListedObjects {
  /** As the API server gives them, with `kind` and `apiVersion`, which items of its lists leave out. */
  readonly objects: readonly Record<string, unknown>[];
  /** For people: what could not be read. */
  readonly problems: readonly string[];
}

/** A kind of objects: as the API calls it in paths, and in objects. */
export interface ListedKind {
  readonly resource: Operation['resource'];
  readonly kind: string;
  readonly apiVersion: string;
  /** It belongs to no namespace. */
  readonly isClusterWide?: true;
  /** Without it nothing can be said: a refusal is thrown. */
  readonly isNeeded?: true;
  readonly fields?: string;
}

/**
 * Reads all objects of some kinds, once, as they are.
 * @throws KubeError
 */
export async function listObjects(
  settings: AccessSettings & { readonly namespace: readonly string[] },
  kinds: readonly ListedKind[],
  { signal, ...options }: KubeClientOptions & { readonly signal: AbortSignal },
): Promise<ListedObjects> {
  const client = new KubeClient(settings, options);
  const objects: Record<string, unknown>[] = [];
  const problems: string[] = [];
  try {
    for (const kind of kinds) {
      for (const namespace of kind.isClusterWide ? [undefined] : scopesOf(settings)) {
        try {
          for await (const item of itemsOf(client, kind, namespace, signal)) objects.push(item);
        } catch (error) {
          const isLeft = error instanceof ForbiddenError && kind.isNeeded !== true;
          if (!isLeft) throw error;
          problems.push(messageOf(error));
        }
      }
    }
    return { objects, problems };
  } finally {
    await client.close();
  }
}

async function* itemsOf(
  client: KubeClient,
  { resource, kind, apiVersion, fields }: ListedKind,
  namespace: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Record<string, unknown>> {
  const operation: Operation = { verb: 'list', resource, namespace, fields };
  let token: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const query = { limit: PAGE, continue: token, fieldSelector: fields };
    const list = await client.json({ operation, query, signal, timeoutMs: PAGE_TIMEOUT_MS });
    if (!isObject(list) || !isObject(list.metadata)) return;
    for (const item of Array.isArray(list.items) ? (list.items as unknown[]) : []) {
      if (isObject(item)) yield { kind, apiVersion, ...item };
    }
    const next = list.metadata.continue;
    if (typeof next !== 'string' || next === '' || next === token) return;
    token = next;
  }
}
