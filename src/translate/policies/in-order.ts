import { POLICY_KINDS, type Policy } from '../../model/policy.ts';

const ORDER: ReadonlyMap<Policy['kind'], number> = new Map(POLICY_KINDS.map((kind, index) => [kind, index]));

/** As a request meets them. */
export function inOrder(policies: readonly Policy[]): readonly Policy[] {
  return policies.toSorted((a, b) => rankOf(a) - rankOf(b));
}

/** What answers a request stays in the order in which it was asked for: nginx does the first that fits. */
function rankOf({ kind }: Policy): number {
  return ORDER.get(kind === 'return' ? 'redirect' : kind) ?? 0;
}
