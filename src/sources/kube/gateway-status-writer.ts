import { GATEWAY_KINDS } from '../../resources/gateway/gateway-kinds.ts';
import { GATEWAY_GROUP, type GatewayKind } from '../../resources/gateway/gateway-object.ts';
import type { KubeClient } from './client.ts';
import { ApiError } from './errors.ts';

const TIMEOUT_MS = 10_000;

/** Names an object, and the version of the API that it is read in. */
export interface NamedObject {
  readonly kind: GatewayKind;
  readonly version: string;
  /** Empty for a kind that belongs to no namespace. */
  readonly namespace: string;
  readonly name: string;
}

/**
 * Replaces the status of an object of the Gateway API, and leaves everything else of it alone. The version that this was decided on is
 * sent along: an object that has changed since, or was made anew, is not touched. A patch would do that no better: lists of parents
 * are replaced as a whole.
 * @returns the object as it is then; `changed`: it is another version now; `gone`: there is no such object
 * @throws KubeError
 */
export async function writeGatewayStatus(
  client: Pick<KubeClient, 'json'>,
  { kind, version, namespace, name }: NamedObject,
  { uid, resourceVersion }: { readonly uid: string | undefined; readonly resourceVersion: string },
  status: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<{ readonly object: unknown } | 'changed' | 'gone'> {
  const { resource, isOfNamespace } = GATEWAY_KINDS[kind];
  const place = isOfNamespace ? namespace : undefined;
  const operation = { verb: 'update', resource: `${resource}/status`, version, namespace: place } as const;
  const metadata = { name, namespace: place, uid, resourceVersion };
  const body = { apiVersion: `${GATEWAY_GROUP}/${version}`, kind, metadata, status };
  try {
    return { object: await client.json({ operation, name, body, signal, timeoutMs: TIMEOUT_MS }) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return 'changed';
    if (error instanceof ApiError && error.status === 404) return 'gone';
    throw error;
  }
}

/** The object as it is now; undefined: there is no such object. @throws KubeError */
export async function getGatewayObject(
  client: Pick<KubeClient, 'json'>,
  { kind, version, namespace, name }: NamedObject,
  signal: AbortSignal,
): Promise<unknown> {
  const { resource, isOfNamespace } = GATEWAY_KINDS[kind];
  const operation = { verb: 'get', resource, version, namespace: isOfNamespace ? namespace : undefined } as const;
  try {
    return await client.json({ operation, name, signal, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
