/** Makes, changes and removes objects of which this program owns some fields: by server-side apply, so that others' fields stay. */
import type { ServiceRef } from '../../model/route.ts';
import type { KubeClient } from './client.ts';
import { ApiError } from './errors.ts';

const TIMEOUT_MS = 10_000;
/** Who owns the fields. */
const MANAGER = 'kube-entry';

type Client = Pick<KubeClient, 'json'>;
type OwnedResource = 'services' | 'endpointslices';

export interface AppliedObject {
  readonly kind: string;
  readonly metadata: ServiceRef;
}

/**
 * Fields that were applied before and are not among those of the object go; those of others stay.
 * @param uid of the object that is meant; undefined: there is none yet
 * @returns `changed`: there is another object of this name
 * @throws KubeError
 */
export async function applyObject(
  client: Client,
  object: AppliedObject,
  uid: string | undefined,
  signal: AbortSignal,
): Promise<'applied' | 'changed'> {
  const { namespace, name } = object.metadata;
  const operation = { verb: 'apply', resource: resourceOf(object), namespace } as const;
  const body = { ...object, metadata: { ...object.metadata, uid } };
  try {
    const query = { fieldManager: MANAGER, force: 'true' };
    await client.json({ operation, name, query, body, signal, timeoutMs: TIMEOUT_MS });
    return 'applied';
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return 'changed';
    throw error;
  }
}

/** Nothing happens to another object of the same name. @throws KubeError */
export async function deleteObject(
  client: Client,
  object: AppliedObject & { readonly metadata: { readonly uid?: unknown } },
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name, uid } = object.metadata;
  const operation = { verb: 'delete', resource: resourceOf(object), namespace } as const;
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } };
  try {
    await client.json({ operation, name, body, signal, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (!(error instanceof ApiError && (error.status === 404 || error.status === 409))) throw error;
  }
}

/** The Service of this name; undefined: there is none. @throws KubeError */
export async function getService(client: Client, { namespace, name }: ServiceRef, signal: AbortSignal) {
  const operation = { verb: 'get', resource: 'services', namespace } as const;
  try {
    return await client.json({ operation, name, signal, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

function resourceOf({ kind }: AppliedObject): OwnedResource {
  return kind === 'Service' ? 'services' : 'endpointslices';
}
