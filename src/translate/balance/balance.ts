/** How requests are spread over endpoints, as annotations and the setting `--balance` write it. */
import { FormatError } from '../../errors.ts';
import type { Balance } from '../../model/cluster.ts';
import { closest } from '../../text/closest.ts';
import { quote } from '../../text/quote.ts';
import { formatHashKey, parseHashKey } from './hash-key.ts';

const POLICIES = ['service', 'least-request', 'round-robin', 'ewma'] as const;

/** Reads `service`, `least-request`, `round-robin`, `ewma` or `hash KEY`. @throws FormatError */
export function parseBalance(text: string): Balance {
  const value = text.trim();
  const policy = POLICIES.find(one => one === value);
  if (policy !== undefined) return { policy };
  if (/^hash(?:\s|$)/.test(value)) return { policy: 'hash', key: parseHashKey(value.slice('hash'.length)) };
  const near = closest(value, POLICIES);
  const advice = near === undefined ? `write ${POLICIES.join(', ')} or hash KEY` : `did you mean ${near}?`;
  throw new FormatError(`${quote(text)} is no way to balance; ${advice}`);
}

/** As {@link parseBalance} reads it. */
export function formatBalance(balance: Balance): string {
  return balance.policy === 'hash' ? `hash ${formatHashKey(balance.key)}` : balance.policy;
}
