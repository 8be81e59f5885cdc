import type { IngressAddress, IngressObject } from '../../resources/ingress-object.ts';
import type { KubeClient } from './client.ts';
import { ApiError } from './errors.ts';

const TIMEOUT_MS = 10_000;

/**
 * Puts addresses into the status of one Ingress, and leaves everything else of it alone. The version that this was decided on is
 * sent along: an Ingress that has changed since, or was made anew, is not touched.
 * @returns `changed`: it is another version now; `gone`: there is no such Ingress
 * @throws KubeError
 */
export async function writeIngressStatus(
  client: Pick<KubeClient, 'json'>,
  { namespace, name, uid, resourceVersion }: IngressObject['metadata'],
  addresses: readonly IngressAddress[],
  signal: AbortSignal,
): Promise<'written' | 'changed' | 'gone'> {
  const operation = { verb: 'patch', resource: 'ingresses/status', namespace } as const;
  const body = { metadata: { uid, resourceVersion }, status: { loadBalancer: { ingress: addresses } } };
  try {
    await client.json({ operation, name, body, signal, timeoutMs: TIMEOUT_MS });
    return 'written';
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return 'changed';
    if (error instanceof ApiError && error.status === 404) return 'gone';
    throw error;
  }
}
