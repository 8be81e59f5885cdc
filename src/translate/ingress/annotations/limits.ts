/** How much a client may ask for. */
import { FormatError } from '../../../errors.ts';
import type { Policy } from '../../../model/policy.ts';
import { quote } from '../../../text/quote.ts';
import type { IngressFeature, IngressRow, IngressValues } from '../ingress-feature.ts';
import { ingressKey } from '../ingress-key.ts';
import { parseRanges } from './source-ranges.ts';

const DEFAULT_MULTIPLIER = 5;
/** Of ingress-nginx's ConfigMap, where it says nothing. */
const DEFAULT_STATUS = 503;
/** What a limit can count up to. */
const MOST = 1_000_000;

const CLIENTS =
  'A client is an IPv4 address or the /64 of an IPv6 one, not each of its addresses. All workers count together. Refused requests also get Retry-After.';
const NUMBER = 'a whole number; 0: no limit';

function limitRow(name: string, example: string, help: string): IngressRow {
  return { name, support: 'works', value: NUMBER, example, help, differs: CLIENTS };
}

const STATUS = 'get the status that the ConfigMap or the setting ingress-limit-status says, by default 503';

export const LIMITS: IngressFeature = {
  rows: [
    limitRow(
      'limit-rps',
      '10',
      `Requests a second of one client to all paths of the Ingress together; others ${STATUS}.`,
    ),
    limitRow(
      'limit-rpm',
      '300',
      `Requests a minute of one client to all paths of the Ingress together; others ${STATUS}.`,
    ),
    limitRow(
      'limit-connections',
      '20',
      `Requests that a client has under way at once, WebSockets included; others ${STATUS}.`,
    ),
    {
      name: 'limit-burst-multiplier',
      support: 'works',
      value: 'a whole number',
      example: '5',
      help: `So many times the limit, and one more request, may come at once; ${DEFAULT_MULTIPLIER} unless told.`,
    },
    {
      name: 'limit-whitelist',
      support: 'works',
      value: 'addresses and ranges in CIDR form, separated by commas',
      example: '10.0.0.0/8',
      help: 'Clients of these addresses are neither counted nor limited.',
    },
    {
      name: 'limit-allowlist',
      support: 'works',
      value: 'addresses and ranges in CIDR form, separated by commas',
      example: '10.0.0.0/8',
      help: 'The newer name of limit-whitelist, which it beats.',
    },
  ],
  read(values) {
    const rps = readLimit(values, 'limit-rps');
    const rpm = readLimit(values, 'limit-rpm');
    const connections = readLimit(values, 'limit-connections');
    const multiplier = values.read('limit-burst-multiplier', parseMultiplier) ?? DEFAULT_MULTIPLIER;
    const exempt = readExempt(values);
    const { limitReqStatusCode, limitConnStatusCode } = values.config;
    const common = (configured: number) => ({
      owner: ingressKey(values.ingress),
      status: configured === DEFAULT_STATUS ? (values.options.ingressLimitStatus ?? DEFAULT_STATUS) : configured,
      ...(exempt.length > 0 && { exempt }),
    });
    const rate = (requests: number, periodMs: number): Policy[] => {
      if (requests === 0) return [];
      // nginx lets one request pass beyond its burst.
      const burst = Math.min(requests * multiplier + 1, MOST);
      return [{ kind: 'rate-limit', ...common(limitReqStatusCode), requests, periodMs, burst, per: 'client' }];
    };
    const policies: Policy[] = [...rate(rps, 1_000), ...rate(rpm, 60_000)];
    if (connections > 0) policies.push({ kind: 'max-connections', ...common(limitConnStatusCode), most: connections });
    return policies.length === 0 ? undefined : { policies };
  },
};

/** For a value that is no number, ingress-nginx refuses the Ingress. @returns 0 for no limit */
function readLimit(values: IngressValues, name: string): number {
  const text = values.get(name);
  if (text === undefined) return 0;
  const limit = wholeNumber(text);
  if (limit === undefined) {
    values.refuse(name, `${quote(text)} is no whole number`);
    return 0;
  }
  if (limit > MOST) values.tell(name, `${text} is more than a limit can count: ${MOST} counts`);
  return Math.min(Math.max(limit, 0), MOST);
}

function readExempt(values: IngressValues): readonly string[] {
  const name = values.get('limit-allowlist') === undefined ? 'limit-whitelist' : 'limit-allowlist';
  const text = values.get(name);
  if (text === undefined) return [];
  try {
    return parseRanges(text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    values.refuse(name, error.message);
    return [];
  }
}

/** @throws FormatError */
function parseMultiplier(text: string): number {
  const number = wholeNumber(text);
  if (number === undefined || number < 0) throw new FormatError(`${quote(text)} is no whole number from 0 on`);
  return number;
}

/** As Go's strconv.Atoi reads it. */
function wholeNumber(text: string): number | undefined {
  return /^[+-]?\d{1,18}$/.test(text) ? Number(text) : undefined;
}
