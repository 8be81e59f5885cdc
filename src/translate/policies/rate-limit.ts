import { FormatError } from '../../errors.ts';
import { clientNetwork } from '../../formats/client-network.ts';
import { isToken } from '../../formats/http/token.ts';
import type { RateLimitPolicy } from '../../model/policy.ts';
import { serviceKey } from '../../model/route.ts';
import { quote } from '../../text/quote.ts';
import { definePolicy, type ExplainedRequest } from './policy-definition.ts';

const EXAMPLE = '10/s burst 50 per client';
const GRAMMAR =
  'NUMBER/s, /m or /h, then "burst NUMBER" and "per client", "per header:NAME" or "per service" where wanted';

const PERIODS: Readonly<Record<string, { readonly ms: number; readonly word: string }>> = {
  s: { ms: 1_000, word: 'second' },
  m: { ms: 60_000, word: 'minute' },
  h: { ms: 3_600_000, word: 'hour' },
};

const VALUE = /^(\d+)\/([smh])(?: burst (\d+))?(?: per (?:(client|service)|header:(\S+)))?$/;

const FASTEST_PER_SECOND = 1_000_000;
const LARGEST_BURST = 1_000_000;

export const RATE_LIMIT = definePolicy<RateLimitPolicy>({
  rows: [
    {
      name: 'rate-limit',
      nginx: ['limit-rps', 'limit-rpm'],
      value: GRAMMAR,
      help: 'Refuses requests beyond this rate with 429 and Retry-After; "burst" many may come at once, by itself as many as the first number. A client is an IPv4 address or the /64 of an IPv6 one. All workers count together, and with the setting rate-limit-redis all replicas, too.',
      example: EXAMPLE,
    },
  ],
  read(values) {
    const limit = values.read('rate-limit', parseRateLimit);
    return limit && { kind: 'rate-limit', owner: serviceKey(values.service), ...limit };
  },
  explain,
});

/** @throws FormatError that says what to write instead */
function parseRateLimit(text: string): Omit<RateLimitPolicy, 'kind' | 'owner'> {
  const [, number = '', unit = '', burstNumber, per = '', header] =
    VALUE.exec(text.trim().replaceAll(/\s+/g, ' ')) ?? [];
  const period = PERIODS[unit];
  if (period === undefined) {
    throw new FormatError(`${quote(text)} is not a rate limit: write ${GRAMMAR}, as in "${EXAMPLE}"`);
  }
  const requests = Number(number);
  const most = (FASTEST_PER_SECOND * period.ms) / 1_000;
  if (requests < 1 || requests > most) {
    throw new FormatError(`${quote(text)}: the rate must be from 1/${unit} to ${most}/${unit}`);
  }
  const burst = burstNumber === undefined ? Math.min(requests, LARGEST_BURST) : Number(burstNumber);
  if (burst < 1 || burst > LARGEST_BURST) {
    throw new FormatError(`${quote(text)}: the burst must be from 1, for one request at a time, to ${LARGEST_BURST}`);
  }
  return { requests, periodMs: period.ms, burst, per: header === undefined ? named(per) : headerOf(header) };
}

function named(per: string): 'client' | 'service' {
  return per === 'service' ? 'service' : 'client';
}

function headerOf(name: string): RateLimitPolicy['per'] {
  const header = name.toLowerCase();
  if (!isToken(name)) throw new FormatError(`${quote(name)} is no name of a header`);
  if (header === 'host')
    throw new FormatError('Host cannot be counted by: a client may write any; write "per service"');
  return { header };
}

function explain({ requests, periodMs, burst, per }: RateLimitPolicy, request: ExplainedRequest): string {
  const { word = '' } = Object.values(PERIODS).find(({ ms }) => ms === periodMs) ?? {};
  return `grants ${requests} requests a ${word}, ${burst} of them at once, to ${whom(per, request)}`;
}

function whom(per: RateLimitPolicy['per'], request: ExplainedRequest): string {
  if (per === 'service') return 'all clients of the Service together';
  if (per === 'client') return request.clientIp === undefined ? 'each client' : clientNetwork(request.clientIp);
  const value = request.header(per.header);
  return value === '' ? `all requests without ${per.header} together` : `each value of ${per.header}`;
}
