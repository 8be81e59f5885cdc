/** Which addresses of clients are served. */
import { FormatError } from '../../../errors.ts';
import { AddressRanges } from '../../../formats/address-ranges.ts';
import type { Policy } from '../../../model/policy.ts';
import type { IngressRow, IngressValues } from '../ingress-feature.ts';

/** A list is looked through for each request. */
const MOST_RANGES = 1_000;

const VALUE = 'addresses and ranges in CIDR form, separated by commas';
const MOST = `At most ${MOST_RANGES} of them; with more, its locations answer 503.`;

export const SOURCE_RANGE_ROWS: readonly IngressRow[] = [
  {
    name: 'whitelist-source-range',
    support: 'works',
    value: VALUE,
    example: '10.0.0.0/8, 192.0.2.7',
    help: 'Serves only clients of these addresses; all others get 403. It takes the place of the key of the ConfigMap. An empty or unreadable list answers 503.',
    differs: MOST,
  },
  {
    name: 'allowlist-source-range',
    support: 'works',
    value: VALUE,
    example: '10.0.0.0/8, 192.0.2.7',
    help: 'The newer name of whitelist-source-range, which it beats.',
    differs: MOST,
  },
  {
    name: 'denylist-source-range',
    support: 'works',
    value: VALUE,
    example: '192.0.2.7',
    help: 'Refuses clients of these addresses with 403, before the allowed ones are looked at. It takes the place of the key of the ConfigMap. An empty or unreadable list answers 503.',
    differs: MOST,
  },
];

/** In CIDR form. */
export interface SourceRanges {
  /** Empty: all but the denied ones. */
  readonly allowed: readonly string[];
  readonly denied: readonly string[];
}

export function readSourceRanges(values: IngressValues): SourceRanges {
  const { whitelistSourceRange, denylistSourceRange } = values.config;
  const allowName =
    values.raw('allowlist-source-range') === undefined ? 'whitelist-source-range' : 'allowlist-source-range';
  return {
    allowed: readList(values, allowName, whitelistSourceRange),
    denied: readList(values, 'denylist-source-range', denylistSourceRange),
  };
}

/** What the ranges alone let pass. */
export function rangePolicies({ allowed, denied }: SourceRanges): readonly Policy[] {
  return [
    ...(denied.length > 0 ? [{ kind: 'deny-from' as const, ranges: denied }] : []),
    ...(allowed.length > 0 ? [{ kind: 'allow-from' as const, ranges: allowed }] : []),
  ];
}

/** An empty value is none that can be read. */
function readList(values: IngressValues, name: string, fallback: readonly string[]): readonly string[] {
  const text = values.raw(name);
  if (text === undefined) return fallback;
  try {
    return parseRanges(text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    values.deny(name, error.message);
    return [];
  }
}

/** @throws FormatError naming the part that cannot be read */
export function parseRanges(text: string): readonly string[] {
  const ranges = text.split(',').map(range => range.trim());
  if (ranges.length > MOST_RANGES) {
    throw new FormatError(`${ranges.length} ranges are more than ${MOST_RANGES}: join neighbours`);
  }
  return new AddressRanges(ranges).ranges;
}
