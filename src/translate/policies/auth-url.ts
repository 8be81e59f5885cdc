import { FormatError } from '../../errors.ts';
import { formatDuration, parseDuration } from '../../formats/duration.ts';
import { isHostName } from '../../formats/host-name.ts';
import { isToken } from '../../formats/http/token.ts';
import {
  formatNginxText,
  parseNginxText,
  REQUEST_VARIABLES,
  requestVariable,
  type TextPart,
} from '../../formats/nginx-text.ts';
import type { AuthUrlPolicy, VariableText } from '../../model/policy.ts';
import { quote } from '../../text/quote.ts';
import { FRAMING } from './header-edits.ts';
import { definePolicy, type ExplainedRequest } from './policy-definition.ts';

const LONGEST_TEXT = 2_048;
const MOST_HEADERS = 32;
export const LONGEST_CACHING_MS = 24 * 3_600_000;

const URL_EXAMPLE = 'http://auth.default.svc:4180/verify?host=$host';
const SIGNIN_EXAMPLE = 'https://login.example.com/start';
const CACHE_EXAMPLE = '$http_authorization 200 202 5m';

const VARIABLES: ReadonlyMap<string, string> = new Map([
  ...REQUEST_VARIABLES,
  ['is_args', 'is_args'],
  ['scheme', 'scheme'],
  ['pass_access_scheme', 'scheme'],
  ['http_host', 'http_host'],
  ['best_http_host', 'http_host'],
  ['escaped_request_uri', 'escaped_request_uri'],
]);

const ABSOLUTE = /^(https?):\/\/([^/?]*)(.*)$/is;
/** What a URL may hold (RFC 3986). A fragment is the business of browsers. */
const LEGAL = /^[A-Za-z0-9\-._~:/?[\]@!&'()*+,;=%]*$/;

/** Where the client goes behind its login, as ingress-nginx says it. */
const RETURN: VariableText = [
  { variable: 'scheme' },
  '://',
  { variable: 'http_host' },
  { variable: 'escaped_request_uri' },
];

export const AUTH_URL = definePolicy<AuthUrlPolicy>({
  rows: [
    {
      name: 'auth-url',
      nginx: ['auth-url'],
      value: 'URL, in whose path and query nginx variables may stand',
      help: "Asks this service about each request, with the client's headers: 2xx lets the request pass, 401 and 403 are passed on, and anything else is 500, as is no answer within 10 s.",
      example: URL_EXAMPLE,
    },
    {
      name: 'auth-signin',
      nginx: ['auth-signin'],
      value: 'URL, in which nginx variables may stand',
      help: 'Where clients are sent instead of 401, with rd=URL, which leads back, unless it has an rd of its own.',
      example: SIGNIN_EXAMPLE,
    },
    {
      name: 'auth-response-headers',
      nginx: ['auth-response-headers'],
      value: 'names of headers, separated by commas',
      help: 'Headers of the answer that the Service gets. One that the answer lacks is taken out of the request.',
      example: 'X-User, X-Groups',
    },
    {
      name: 'auth-cache',
      nginx: ['auth-cache-key', 'auth-cache-duration'],
      value: 'KEY STATUSES DURATION: a text with nginx variables, the statuses that are kept, and for how long',
      help: 'Keeps answers for requests with the same host, path of the route and key. Nothing is kept for requests in which all variables of the key are empty, and no answer with Set-Cookie.',
      example: CACHE_EXAMPLE,
    },
  ],
  read(values) {
    const asked = values.read('auth-url', parseAuthUrl);
    const signin = values.read('auth-signin', text => parseSignin(text));
    const responseHeaders = values.read('auth-response-headers', parseNames) ?? [];
    const cache = values.read('auth-cache', parseCache);
    if (asked === undefined) return undefined;
    const { url, target } = asked;
    const cluster = values.clusterOfUrl(url);
    return {
      kind: 'auth-url',
      cluster,
      host: url.host,
      target,
      ...(signin && { signin }),
      responseHeaders,
      ...(cache && { cache }),
    };
  },
  explain,
});

/** Where the auth service is, and what it is asked for. @throws FormatError */
export function parseAuthUrl(text: string): { readonly url: URL; readonly target: VariableText } {
  const [, scheme = '', authority = '', rest = ''] = ABSOLUTE.exec(text.trim()) ?? [];
  if (authority === '') {
    throw new FormatError(`${quote(text)} is no URL of a service: write a scheme and a host, as in "${URL_EXAMPLE}"`);
  }
  // What stands before the @ may be a password, and stays out of the message.
  if (authority.includes('@')) throw new FormatError('its host holds a user: an annotation is no place for a password');
  if (authority.includes('$')) {
    throw new FormatError(
      `${quote(text)}: variables may stand behind the host alone: write the host out, as in "${URL_EXAMPLE}"`,
    );
  }
  const url = URL.canParse(`${scheme}://${authority}/`) ? new URL(`${scheme}://${authority}/`) : undefined;
  if (url === undefined || !isHostName(url.hostname.replace(/^\[(.*)\]$/, '$1'))) {
    throw new FormatError(`${quote(text)}: ${quote(authority)} is no host, as in "${URL_EXAMPLE}"`);
  }
  return { url, target: parseText(rest.startsWith('/') ? rest : `/${rest}`, 'the URL') };
}

/** @param parameter of the URL, which leads back @throws FormatError */
export function parseSignin(text: string, parameter = 'rd'): VariableText {
  const url = text.trim();
  const isPath = url.startsWith('/') && !url.startsWith('//');
  if (!isPath && (ABSOLUTE.exec(url)?.[2] ?? '') === '') {
    throw new FormatError(`${quote(text)} is no place to sign in: write a URL, as in "${SIGNIN_EXAMPLE}"`);
  }
  const parts = parseText(url, 'the URL');
  if (url.includes(`?${parameter}=`) || url.includes(`&${parameter}=`)) return parts;
  return [...parts, `${url.includes('?') ? '&' : '?'}${parameter}=`, ...RETURN];
}

/** Names of headers, separated by commas. @throws FormatError */
export function parseNames(text: string): readonly string[] {
  const names = text
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '');
  if (names.length === 0) throw new FormatError('holds no name: write names of headers, as in "X-User, X-Groups"');
  if (names.length > MOST_HEADERS) throw new FormatError(`${names.length} headers are more than ${MOST_HEADERS}`);
  for (const name of names) {
    if (!isToken(name)) throw new FormatError(`${quote(name)} is no name of a header: write "X-User, X-Groups"`);
    const lower = name.toLowerCase();
    if (lower === 'host' || FRAMING.has(lower)) {
      throw new FormatError(`${name} cannot be taken from the answer: the entry sends its own`);
    }
  }
  return names;
}

/** @throws FormatError */
function parseCache(text: string): NonNullable<AuthUrlPolicy['cache']> {
  const [key = '', ...words] = text.trim().split(/\s+/);
  const duration = words.pop() ?? '';
  const statuses = words.map(Number);
  if (words.length === 0 || !statuses.every(status => Number.isInteger(status) && status >= 200 && status <= 599)) {
    throw new FormatError(
      `${quote(text)} does not say what is kept: write KEY STATUSES DURATION, as in "${CACHE_EXAMPLE}"`,
    );
  }
  const durationMs = parseDuration(duration);
  if (durationMs === 0 || durationMs > LONGEST_CACHING_MS) {
    throw new FormatError(
      `${quote(duration)}: answers can be kept for longer than 0s, and for ${formatDuration(LONGEST_CACHING_MS)} at most`,
    );
  }
  return { key: parseParts(key, 'the key'), kept: [{ statuses, durationMs }] };
}

/** @throws FormatError for what no URL holds */
function parseText(text: string, where: string): VariableText {
  const parts = parseParts(text, where);
  const bad = parts.find(part => typeof part === 'string' && !LEGAL.test(part));
  if (bad !== undefined) {
    throw new FormatError(`${quote(String(bad))} holds a character that must be written as %XX in ${where}`);
  }
  return parts;
}

/** @param where such a text, for people @throws FormatError */
export function parseParts(text: string, where: string): VariableText {
  if (text.length > LONGEST_TEXT) throw new FormatError(`${where} is longer than ${LONGEST_TEXT} characters`);
  return parseNginxText(text, (name): TextPart => requestVariable(name, VARIABLES, where));
}

function explain(policy: AuthUrlPolicy, { method, path }: ExplainedRequest): string {
  const { host, target, signin, cache, responseHeaders, renamedHeaders = [] } = policy;
  const refused = signin === undefined ? '401 is passed on' : `401 sends the client to ${formatNginxText(signin)}`;
  const sentences = [
    `asks ${host} for ${formatNginxText(target)} about ${method} ${path}: 2xx lets it pass, ${refused}, 403 is passed on, and anything else is 500`,
  ];
  if (responseHeaders.length > 0) sentences.push(`the Service gets ${responseHeaders.join(', ')} of the answer`);
  for (const { from, to } of renamedHeaders) sentences.push(`the Service gets ${from} of the answer as ${to}`);
  if (cache !== undefined) {
    const kept = cache.kept.map(
      ({ statuses, durationMs }) => `answers of ${statuses.join(', ')} are kept for ${formatDuration(durationMs)}`,
    );
    sentences.push(`${kept.join(' and ')} by ${formatNginxText(cache.key)}`);
  }
  return sentences.join('; ');
}
