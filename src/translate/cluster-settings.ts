/** What the annotations of a Service ask of its endpoints: how requests are spread, sticky cookies, limits, checks. */
import { FormatError } from '../errors.ts';
import { parseDuration } from '../formats/duration.ts';
import type { Balance, Cluster, CookieAffinity } from '../model/cluster.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import type { ServiceSpec } from '../resources/service-object.ts';
import { quote } from '../text/quote.ts';
import type { AnnotationName } from './annotation-names.ts';
import { readAnnotation } from './annotations.ts';
import { parseBalance } from './balance/balance.ts';
import {
  DEFAULT_COOKIE,
  readCookieDomain,
  readCookieMaxAge,
  readCookieName,
  readCookiePath,
  readSameSite,
  readSecure,
} from './cookie-affinity.ts';
import { RefusalError } from './refusal-error.ts';

export type ClusterSettings = Pick<Cluster, 'balance' | 'affinity' | 'maxRequests' | 'slowStartMs' | 'healthCheck'>;

export interface ClusterOptions {
  /** How Services are balanced that do not say it; by default they are served by their ClusterIP. */
  readonly balance?: Balance;
  /** The engine `node` knows no endpoints. */
  readonly engine?: 'wire' | 'node';
}

/** Annotations that only endpoints can obey: with one of them a Service is not served by its ClusterIP. */
const NEED_ENDPOINTS = ['affinity', 'max-requests', 'slow-start', 'health-check'] as const;

const COOKIE_PARTS = [
  'affinity-name',
  'affinity-path',
  'affinity-domain',
  'affinity-max-age',
  'affinity-samesite',
  'affinity-secure',
] as const;

const MAX_REQUESTS = 1_000_000;
const MAX_CHECK_PATH = 1024;
const MIN_CHECK_MS = 1_000;
const MAX_CHECK_MS = 3_600_000;

/** Reads annotations one by one, so that each mistake is told. */
export interface AnnotationReader {
  get(name: AnnotationName): string | undefined;
  /** Records the refusal that `read` throws. @returns undefined after one */
  attempt<T>(read: () => T): T | undefined;
  warn(
    reason: 'AnnotationWithoutEffect' | 'UpstreamNotVerified' | 'PolicyUnavailable',
    message: string,
    field: string,
  ): void;
}

export function readClusterSettings(
  spec: ServiceSpec,
  reader: AnnotationReader,
  options: ClusterOptions,
): ClusterSettings {
  const read = <T>(name: AnnotationName, parse: (text: string) => T): T | undefined => {
    const text = reader.get(name);
    return text === undefined ? undefined : reader.attempt(() => readAnnotation(name, text, parse));
  };
  const affinity = readAffinity(reader, read);
  const maxRequests = read('max-requests', parseMaxRequests) ?? 0;
  const slowStartMs = read('slow-start', parseDuration) ?? 0;
  const healthCheck = read('health-check', parseHealthCheck);
  const wanted = read('balance', parseBalance);
  const balance = reader.attempt(() => chooseBalance(spec, wanted, reader, options)) ?? { policy: 'service' };
  return { balance, ...(affinity && { affinity }), maxRequests, slowStartMs, ...(healthCheck && { healthCheck }) };
}

/** @throws RefusalError for annotations that exclude each other */
function chooseBalance(
  spec: ServiceSpec,
  wanted: Balance | undefined,
  { get }: AnnotationReader,
  { balance: fallback = { policy: 'service' }, engine = 'wire' }: ClusterOptions,
): Balance {
  const needy = NEED_ENDPOINTS.find(name => get(name) !== undefined);
  const cause = get('balance') !== undefined && wanted?.policy !== 'service' ? 'balance' : needy;
  const field = cause === undefined ? undefined : PREFIX + cause;
  if (spec.type === 'ExternalName') {
    if (field !== undefined) {
      throw new RefusalError(
        'BadAnnotation',
        `${field}: an ExternalName Service has no endpoints: remove this annotation`,
        field,
      );
    }
    return { policy: 'service' };
  }
  if (wanted?.policy === 'service' && field !== undefined) {
    const advice = `${PREFIX}balance: service sends to the ClusterIP: write least-request there, or remove it`;
    throw new RefusalError('BadAnnotation', `${field}: needs the Service's endpoints, and ${advice}`, field);
  }
  const implied: Balance =
    needy !== undefined && fallback.policy === 'service' ? { policy: 'least-request' } : fallback;
  const balance = wanted ?? implied;
  if (balance.policy === 'service') return balance;
  if (engine === 'node') {
    const subject = field === undefined ? 'the setting balance asks' : `${field} asks`;
    throw new RefusalError(
      'NeedsEngineWire',
      `${subject} for endpoints, and --engine node sends to ClusterIPs only: run --engine wire, or remove it`,
      field,
    );
  }
  // By a ClusterIP, kube-proxy sees one client, which is the entry. By endpoints, the entry tells its clients apart.
  if (spec.sessionAffinity === 'ClientIP' && wanted?.policy !== 'hash')
    return { policy: 'hash', key: { from: 'client-ip' } };
  return balance;
}

function readAffinity(
  { get, attempt, warn }: AnnotationReader,
  read: <T>(name: AnnotationName, parse: (text: string) => T) => T | undefined,
): CookieAffinity | undefined {
  const kind = get('affinity');
  if (kind === undefined) {
    for (const name of COOKIE_PARTS) {
      if (get(name) === undefined) continue;
      const field = PREFIX + name;
      warn('AnnotationWithoutEffect', `${field}: has no effect without ${PREFIX}affinity: cookie`, field);
    }
    return undefined;
  }
  attempt(() => readAnnotation('affinity', kind, checkAffinity));
  const maxAgeSeconds = read('affinity-max-age', readCookieMaxAge);
  const affinity: CookieAffinity = {
    name: read('affinity-name', readCookieName) ?? DEFAULT_COOKIE.name,
    path: read('affinity-path', readCookiePath) ?? DEFAULT_COOKIE.path,
    domain: read('affinity-domain', readCookieDomain) ?? DEFAULT_COOKIE.domain,
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
    sameSite: read('affinity-samesite', readSameSite) ?? DEFAULT_COOKIE.sameSite,
    secure: read('affinity-secure', readSecure) ?? DEFAULT_COOKIE.secure,
  };
  attempt(() => checkIsKept(affinity));
  return affinity;
}

/** @throws RefusalError for a cookie that no browser keeps */
function checkIsKept({ name, path, domain, sameSite, secure }: CookieAffinity): void {
  if (sameSite === 'None' && secure === 'never') {
    const why = 'browsers drop a cookie with SameSite=None that is not Secure';
    throw neverKept('affinity-samesite', `${why}: remove ${PREFIX}affinity-secure: never`);
  }
  // RFC 6265bis section 4.1.3; browsers compare the prefixes without regard to case.
  const prefix = /^__(?:secure|host)-/i.exec(name)?.[0];
  if (prefix === undefined) return;
  if (secure === 'never') {
    const why = `browsers drop a cookie whose name begins with ${prefix} and that is not Secure`;
    throw neverKept('affinity-name', `${why}: remove ${PREFIX}affinity-secure: never`);
  }
  if (prefix.length === '__host-'.length && (path !== '/' || domain !== '')) {
    const why = `browsers keep a cookie whose name begins with ${prefix} only with the path / and without a domain`;
    throw neverKept('affinity-name', `${why}: write ${PREFIX}affinity-path: /, and no ${PREFIX}affinity-domain`);
  }
}

function neverKept(name: AnnotationName, message: string): RefusalError {
  return new RefusalError('BadAnnotation', `${PREFIX}${name}: ${message}`, PREFIX + name);
}

function checkAffinity(text: string): void {
  if (text.trim() !== 'cookie') throw new FormatError(`${quote(text)} must be "cookie", the only kind of affinity`);
}

function parseMaxRequests(text: string): number {
  const value = text.trim();
  const number = /^\d{1,7}$/.test(value) ? Number(value) : 0;
  if (number >= 1 && number <= MAX_REQUESTS) return number;
  throw new FormatError(
    `${quote(text)} must be a whole number from 1 to ${MAX_REQUESTS}; without this annotation there is no limit`,
  );
}

function parseHealthCheck(text: string): Cluster['healthCheck'] {
  const [, path = '', interval = ''] = /^(\S+)\s+every\s+(\S+)$/.exec(text.trim()) ?? [];
  if (path === '')
    throw new FormatError(`${quote(text)} is no check: write a path and how often, as in "/healthz every 5s"`);
  if (!/^\/[\x21\x22\x24-\x7e]*$/.test(path)) {
    throw new FormatError(
      `${quote(path)} must start with a slash, and hold no # and no characters that a path has to escape`,
    );
  }
  if (path.length > MAX_CHECK_PATH) throw new FormatError(`${quote(path)} is longer than ${MAX_CHECK_PATH} characters`);
  const intervalMs = parseDuration(interval);
  if (intervalMs < MIN_CHECK_MS || intervalMs > MAX_CHECK_MS)
    throw new FormatError(`${quote(interval)} must be from 1s to 1h`);
  return { path, intervalMs };
}
