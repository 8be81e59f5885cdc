/** Another service decides who may in: auth-url and the annotations about it, and global-auth-url of the ConfigMap. */
import { FormatError } from '../../../errors.ts';
import type { AuthUrlPolicy, RenamedHeader, UnavailablePolicy, VariableText } from '../../../model/policy.ts';
import { CATCH_ALL_HOST } from '../../../model/route.ts';
import { quote } from '../../../text/quote.ts';
import { parseAuthUrl, parseNames, parseParts, parseSignin } from '../../policies/auth-url.ts';
import type { IngressValues } from '../ingress-feature.ts';
import { readSnippet } from '../snippets/read-snippet.ts';
import { readCache } from './auth-cache.ts';
import { readProxySetHeaders } from './auth-headers.ts';
import { type AuthSource, annotationSource, configSource } from './auth-source.ts';

type RequestHeaders = NonNullable<AuthUrlPolicy['requestHeaders']>;

/** What ingress-nginx takes in a URL; any other character refuses the whole Ingress there. */
const URL_CHARACTERS = /^[-._~a-zA-Z0-9/:, ?&=$]*$/;
const METHOD = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/;
const PARAMETER = /^[-._~a-zA-Z0-9]+$/;
const AUTHORITY = /^(https?:\/\/)([^/?]*)/i;
/** The host that the client names. */
const CLIENTS_HOST = /\$(?:\{(?:host|http_host|best_http_host)\}|(?:host|http_host|best_http_host)(?!\w))/g;

/** Told where an auth service is asked with another method than GET, as nginx's variables. */
const WITH_METHOD: RequestHeaders = [
  { name: 'X-Original-URI', value: [{ variable: 'request_uri' }] },
  { name: 'X-Scheme', value: [{ variable: 'scheme' }] },
];

/** @returns by host of the rules, who is asked; undefined where nobody is, or where the Ingress is denied or refused */
export function readAuthUrl(values: IngressValues): ReadonlyMap<string, AuthUrlPolicy | UnavailablePolicy> | undefined {
  const isGlobal = values.get('auth-url') === undefined;
  if (isGlobal && (values.config.globalAuthUrl === '' || !values.bool('enable-global-auth', true))) return undefined;
  const source = isGlobal ? configSource(values) : annotationSource(values);
  const url = source.get('auth-url') ?? '';
  if (!isGlobal && !URL_CHARACTERS.test(url)) {
    values.refuse('auth-url', `${quote(url)} holds a character that ingress-nginx takes in no URL`);
    return undefined;
  }
  const headers = isGlobal ? [] : readProxySetHeaders(values);
  const fault: UnavailablePolicy | undefined =
    'fault' in headers ? { kind: 'unavailable', of: 'auth-url', why: headers.fault } : undefined;
  const renamedHeaders = isGlobal ? [] : renamedBySnippet(values);
  const common = {
    ...readCommon(source, 'fault' in headers ? [] : headers),
    ...(renamedHeaders.length > 0 && { renamedHeaders }),
  };
  const asked = new Map<string, AuthUrlPolicy | UnavailablePolicy>();
  for (const host of values.hosts) {
    const found = source.require('auth-url', text => parseAuthUrl(atHost(text, host)));
    if (found === undefined) return undefined;
    const cluster = values.clusterOfUrl(found.url, false);
    asked.set(host, fault ?? { ...common, cluster, host: found.url.hostname, target: found.target });
  }
  return asked;
}

/** What auth_request_set and proxy_set_header of a snippet say. What is wrong with the snippet is told where it is read for all else. */
function renamedBySnippet(values: IngressValues): readonly RenamedHeader[] {
  const text = values.get('configuration-snippet');
  if (text === undefined || !text.includes('auth_request_set')) return [];
  try {
    return readSnippet(text, 'location').authHeaders;
  } catch (error) {
    if (error instanceof FormatError) return [];
    throw error;
  }
}

/** What is the same for all hosts. */
function readCommon(source: AuthSource, headers: RequestHeaders): Omit<AuthUrlPolicy, 'cluster' | 'host' | 'target'> {
  const method = source.require('auth-method', parseMethod);
  const signin = readSignin(source);
  const redirect = source.require('auth-request-redirect', text => parseParts(inUrl(text), 'the value'));
  const cache = readCache(source);
  const requestHeaders = inPlace([
    ...(method === undefined ? [] : WITH_METHOD),
    ...(redirect === undefined ? [] : [{ name: 'X-Auth-Request-Redirect', value: redirect }]),
    ...headers,
  ]);
  return {
    kind: 'auth-url',
    ...(method !== undefined && { method }),
    ...(signin !== undefined && { signin }),
    ...(requestHeaders.length > 0 && { requestHeaders }),
    responseHeaders: source.require('auth-response-headers', parseResponseHeaders) ?? [],
    ...(source.bool('auth-always-set-cookie') && { alwaysSetsCookies: true as const }),
    ...(cache !== undefined && { cache }),
  };
}

/** Of several headers with one name, the last counts. */
function inPlace(headers: RequestHeaders): RequestHeaders {
  return [...new Map(headers.map(header => [header.name.toLowerCase(), header])).values()];
}

function readSignin(source: AuthSource): VariableText | undefined {
  const parameter = source.read('auth-signin-redirect-param', text => {
    if (PARAMETER.test(text)) return text;
    throw new FormatError(`${quote(text)} is no name of a parameter, as rd is`);
  });
  return source.read('auth-signin', text => parseSignin(inUrl(text), parameter));
}

/** @returns it as it is @throws FormatError */
function inUrl(text: string): string {
  const bad = [...text].find(character => !URL_CHARACTERS.test(character));
  if (bad === undefined) return text;
  throw new FormatError(`${quote(text)} holds ${quote(bad)}, which ingress-nginx takes in no URL`);
}

/** @throws FormatError */
function parseMethod(text: string): string {
  if (METHOD.test(text)) return text;
  throw new FormatError(`${quote(text)} is no method to ask with: write GET or POST`);
}

/** @throws FormatError */
function parseResponseHeaders(text: string): readonly string[] {
  return text.replaceAll(/[\s,]/g, '') === '' ? [] : parseNames(text);
}

/**
 * The URL for a host of the rules. The host that a client names may stand in it where the rule names that host in full: otherwise clients
 * would choose who decides about them.
 * @throws FormatError
 */
function atHost(text: string, host: string): string {
  const isExact = host !== CATCH_ALL_HOST && !host.startsWith('*.');
  return text.trim().replace(AUTHORITY, (_, scheme: string, authority: string) => {
    if (authority.includes('..')) throw new FormatError(`${quote(text)}: ${quote(authority)} is no host`);
    const named = authority.replaceAll(CLIENTS_HOST, found => {
      if (isExact) return host;
      const rule = host === CATCH_ALL_HOST ? 'a rule for all hosts' : `the rule for ${host}`;
      throw new FormatError(
        `${found} in the host of ${quote(text)}: with ${rule}, clients would choose who decides about them: write the host out`,
      );
    });
    return scheme + named;
  });
}
