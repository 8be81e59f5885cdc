/** What the records of ingress-nginx 0.25 mean here: the choices of its balancer.lua, in this program's own terms. */
import { messageOf } from '../errors.ts';
import type { Balance, Cluster, CookieAffinity } from '../model/cluster.ts';
import type { CanaryRule } from '../model/route.ts';
import { LEAST_TOTAL, type PushedPolicy, RecordProblem } from '../resources/pushed-record.ts';
import { notOneOf } from '../text/one-of.ts';
import { parseNginxKey } from './balance/hash-key.ts';
import { DEFAULT_COOKIE, readCookieName, readCookiePath } from './cookie-affinity.ts';
import { checkPattern } from './policies/canary.ts';

const LOAD_BALANCE: ReadonlyMap<string, Balance> = new Map([
  ['round_robin', { policy: 'round-robin' }],
  ['ewma', { policy: 'ewma' }],
]);
const AFFINITIES = ['cookie'];

/** RFC 9110 section 5.1. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Most seconds that a cookie of a record lives: a hundred years. */
const MAX_AGE_SECONDS = 3_153_600_000;

/** What a record asks for; an absent field: nothing. */
export interface PushedMeaning {
  readonly balance?: Balance;
  readonly affinity?: Pick<CookieAffinity, 'name'> & Partial<CookieAffinity>;
  /** Which requests it takes from a record that names it as its alternative. */
  readonly canary?: CanaryRule;
}

/** @throws RecordProblem with the field and the reason */
export function translatePolicy(policy: PushedPolicy): PushedMeaning {
  const { affinity, hash, loadBalance } = policy;
  const balance = LOAD_BALANCE.get(loadBalance);
  if (loadBalance !== '' && balance === undefined) {
    throw new RecordProblem(`load-balance: ${notOneOf(loadBalance, [...LOAD_BALANCE.keys()])}`);
  }
  if (affinity !== '' && affinity !== 'cookie') {
    throw new RecordProblem(`sessionAffinityConfig.name: ${notOneOf(affinity, AFFINITIES)}`);
  }
  const canary = canaryRule(policy);
  return {
    ...(balance !== undefined && { balance }),
    ...(hash.by !== '' && { balance: hashBalance(hash) }),
    ...(affinity === 'cookie' && { affinity: cookieAffinity(policy) }),
    ...(canary !== undefined && { canary }),
  };
}

/** A cluster as the record of its name wants it: what the record does not say stays. */
export function withMeaning(cluster: Cluster, { balance, affinity }: PushedMeaning): Cluster {
  return {
    ...cluster,
    ...(balance !== undefined && { balance }),
    ...(affinity !== undefined && { affinity: { ...DEFAULT_COOKIE, ...cluster.affinity, ...affinity } }),
  };
}

function hashBalance({ by, hasSubset, subsetSize }: PushedPolicy['hash']): Balance {
  const key = within('upstreamHashByConfig.upstream-hash-by', () => parseNginxKey(by));
  return { policy: 'hash', key, ...(hasSubset && { subset: subsetSize }) };
}

function cookieAffinity({ cookie }: PushedPolicy): NonNullable<PushedMeaning['affinity']> {
  const place = 'sessionAffinityConfig.cookieSessionAffinity.';
  // A user agent that knows Max-Age does not look at Expires (RFC 6265 section 5.3), and all do.
  const [field, lifetime] =
    cookie.maxage === '' ? (['expires', cookie.expires] as const) : (['maxage', cookie.maxage] as const);
  const isLifetime = /^\d{1,10}$/.test(lifetime) && Number(lifetime) <= MAX_AGE_SECONDS;
  if (lifetime !== '' && !isLifetime)
    throw new RecordProblem(`${place}${field}: must be whole seconds, as in "172800"`);
  return {
    name: cookie.name === '' ? DEFAULT_COOKIE.name : within(`${place}name`, () => readCookieName(cookie.name)),
    ...(cookie.path !== '' && { path: within(`${place}path`, () => readCookiePath(cookie.path)) }),
    ...(lifetime !== '' && { maxAgeSeconds: Number(lifetime) }),
  };
}

/** @returns undefined for a record that takes nothing from others */
function canaryRule({ shaping }: PushedPolicy): CanaryRule | undefined {
  const { weight, weightTotal, header, headerValue, cookie } = shaping;
  if (header !== '' && !HEADER_NAME.test(header))
    throw new RecordProblem('trafficShapingPolicy.header: must be the name of a header');
  const name = cookie === '' ? '' : within('trafficShapingPolicy.cookie', () => readCookieName(cookie));
  if (weight === 0 && header === '' && name === '') return undefined;
  // A value counts before a pattern.
  const pattern = headerValue === '' ? shaping.headerPattern : '';
  return {
    weight,
    ...(weightTotal > LEAST_TOTAL && { weightTotal }),
    header: header.toLowerCase(),
    headerValue,
    ...(pattern !== '' && {
      headerPattern: within('trafficShapingPolicy.headerPattern', () => checkPattern(pattern)),
    }),
    cookie: name,
  };
}

function within<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new RecordProblem(`${field}: ${messageOf(error)}`);
  }
}
