/** How often the requests of a rule are sent again. Pure. */
import { parseGatewayDuration } from '../../../formats/gateway-duration.ts';
import type { RetryPolicy } from '../../../model/policy.ts';
import type { HttpRouteRule } from '../../../resources/gateway/gateway-object.ts';
import { orFault, RuleFault } from './rule-fault.ts';

/** Of a rule that does not say it. */
const DEFAULT_ATTEMPTS = 1;
const MOST_ATTEMPTS = 100;

/** @throws RuleFault */
export function retryPolicy({
  codes,
  attempts = DEFAULT_ATTEMPTS,
  backoff,
}: NonNullable<HttpRouteRule['retry']>): RetryPolicy {
  if (!Number.isSafeInteger(attempts) || attempts < 0 || attempts > MOST_ATTEMPTS)
    throw new RuleFault(`retry.attempts must be from 0 to ${MOST_ATTEMPTS}`);
  const code = codes.find(one => !Number.isSafeInteger(one) || one < 400 || one > 599);
  if (code !== undefined) throw new RuleFault(`retry.codes: ${code} is no status from 400 to 599`);
  const backoffMs = backoff === undefined ? 0 : orFault('retry.backoff', () => parseGatewayDuration(backoff));
  return {
    kind: 'retry',
    attempts,
    statuses: [...new Set(codes)],
    ...{ nonIdempotent: true, countsFailures: true },
    ...(backoffMs > 0 && { backoffMs }),
  };
}
