import { FormatError } from '../../errors.ts';
import { AddressRanges } from '../../formats/address-ranges.ts';
import type { AddressPolicy } from '../../model/policy.ts';
import { definePolicy, type ExplainedRequest } from './policy-definition.ts';

/** A list is looked through for each request. */
const MOST_RANGES = 1_000;

const EXAMPLE = '10.0.0.0/8, 2001:db8::/32, 192.0.2.7';

export const DENY_FROM = definePolicy<AddressPolicy>({
  rows: [
    {
      name: 'deny-from',
      nginx: ['denylist-source-range'],
      value: 'addresses and ranges in CIDR form, separated by commas',
      help: 'Refuses clients of these addresses with 403. It is judged before allow-from.',
      example: EXAMPLE,
    },
  ],
  read: values => policyOf('deny-from', values.read('deny-from', parseRanges)),
  explain: (policy, request) => explain(policy, request, 'refuses', 'lets pass'),
});

export const ALLOW_FROM = definePolicy<AddressPolicy>({
  rows: [
    {
      name: 'allow-from',
      nginx: ['whitelist-source-range', 'allowlist-source-range'],
      value: 'addresses and ranges in CIDR form, separated by commas',
      help: 'Serves only clients of these addresses; all others get 403.',
      example: EXAMPLE,
    },
  ],
  read: values => policyOf('allow-from', values.read('allow-from', parseRanges)),
  explain: (policy, request) => explain(policy, request, 'lets pass', 'refuses'),
});

function policyOf(kind: AddressPolicy['kind'], ranges: readonly string[] | undefined): AddressPolicy | undefined {
  return ranges && { kind, ranges };
}

/** @throws FormatError naming the part that cannot be read */
function parseRanges(text: string): readonly string[] {
  const ranges = text.split(/[\s,]+/).filter(part => part !== '');
  if (ranges.length === 0) throw new FormatError(`holds no address: write addresses or ranges, as in "${EXAMPLE}"`);
  if (ranges.length > MOST_RANGES) {
    throw new FormatError(
      `${ranges.length} ranges are more than ${MOST_RANGES}, the most of one list: join neighbours`,
    );
  }
  return new AddressRanges(ranges).ranges;
}

function explain({ ranges }: AddressPolicy, request: ExplainedRequest, inside: string, outside: string): string {
  const { clientIp } = request;
  if (clientIp === undefined) return `${inside} clients of ${ranges.join(', ')}, ${outside} others`;
  const isInside = new AddressRanges(ranges).has(clientIp);
  return isInside
    ? `${inside} ${clientIp}, which is in ${ranges.join(', ')}`
    : `${outside} ${clientIp}, which is not in ${ranges.join(', ')}`;
}
