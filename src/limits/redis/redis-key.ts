import { createHash } from 'node:crypto';

/**
 * The key of a budget. A budget's name may hold a credential of a client, so only its digest leaves the process. The part in
 * braces keeps all keys on one node of a Redis Cluster, where a script may touch them together.
 */
export function redisKey(name: string): string {
  return `{kube-entry}:rate:${createHash('sha256').update(name).digest('base64url').slice(0, 22)}`;
}
