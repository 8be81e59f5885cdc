/** Numbers for the header names that mean something to a proxy: a head says by them whether a header has come. */

export const OTHER = 0;
export const HOST = 1;
export const CONNECTION = 2;
export const CONTENT_LENGTH = 3;
export const TRANSFER_ENCODING = 4;
export const KEEP_ALIVE = 5;
export const TE = 6;
export const UPGRADE = 7;
export const EXPECT = 8;
export const X_FORWARDED_FOR = 9;
export const X_FORWARDED_PROTO = 10;
export const X_FORWARDED_HOST = 11;
export const X_REQUEST_ID = 12;
export const REFERER = 13;
export const USER_AGENT = 14;
export const AUTHORIZATION = 15;
export const DATE = 16;
export const LOCATION = 17;
export const REFRESH = 18;
export const SET_COOKIE = 19;
export const TRAILER = 20;
/** Replaced by this proxy, whatever the client says. */
export const X_REAL_IP = 21;
export const X_FORWARDED_PREFIX = 22;
/** Hop-by-hop without a meaning here. */
export const PROXY_CONNECTION = 23;
export const PROXY_AUTHORIZATION = 24;
export const PROXY_AUTHENTICATE = 25;
export const PROXY_AUTHENTICATION_INFO = 26;
export const WWW_AUTHENTICATE = 27;
/** Every name that begins with `x-client-cert-`: what this proxy says of a client's certificate, no client may say. */
export const X_CLIENT_CERT = 28;

/** The names, by their numbers. */
export const HEADER_NAMES: readonly string[] = [
  '',
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'te',
  'upgrade',
  'expect',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-request-id',
  'referer',
  'user-agent',
  'authorization',
  'date',
  'location',
  'refresh',
  'set-cookie',
  'trailer',
  'x-real-ip',
  'x-forwarded-prefix',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'proxy-authentication-info',
  'www-authenticate',
];

export const CLIENT_CERT_PREFIX = 'x-client-cert-';

/** The names with a hyphen whose lines never go on to an upstream as the client has sent them. */
const WITHHELD: ReadonlySet<string> = new Set(
  [
    ...[X_REAL_IP, X_FORWARDED_FOR, X_FORWARDED_PROTO, X_FORWARDED_HOST, X_FORWARDED_PREFIX, X_REQUEST_ID],
    ...[CONTENT_LENGTH, TRANSFER_ENCODING, KEEP_ALIVE],
    ...[PROXY_CONNECTION, PROXY_AUTHORIZATION, PROXY_AUTHENTICATE, PROXY_AUTHENTICATION_INFO],
  ].map(id => HEADER_NAMES[id] as string),
);

/** The name that a backend may take a name for: CGI and its successors give `X_User` and `X-User` as one variable. */
export function hyphenated(name: string): string {
  return name.includes('_') ? name.replaceAll('_', '-') : name;
}

/** Whether a backend may take a name with an underscore for one that clients cannot send. @param name in lower case */
export function isWithheldAlias(name: string): boolean {
  return WITHHELD.has(hyphenated(name));
}

/** Whether a name is one of those of {@link X_CLIENT_CERT}, or a backend may take it for one. @param name in lower case */
export function isClientCertName(name: string): boolean {
  return name.startsWith('x') && hyphenated(name).startsWith(CLIENT_CERT_PREFIX);
}
