/** URI references (RFC 3986), as they stand in Location and Refresh. */
import { isIPv6 } from 'node:net';

/** The components of RFC 3986 section 3. An absent one is undefined, which is not the same as an empty one. */
export interface UriReference {
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly path: string;
  /** Query and fragment, with the `?` or `#` they begin with. */
  readonly suffix: string;
}

/** Takes a reference apart as RFC 3986 appendix B does. Every text has such parts. */
export function parseUriReference(text: string): UriReference {
  let at = 0;
  let scheme: string | undefined;
  const colon = indexOfAny(text, ':/?#', 0);
  if (colon > 0 && text[colon] === ':') {
    scheme = text.slice(0, colon);
    at = colon + 1;
  }
  let authority: string | undefined;
  if (text.startsWith('//', at)) {
    const end = indexOfAny(text, '/?#', at + 2);
    authority = text.slice(at + 2, end);
    at = end;
  }
  const pathEnd = indexOfAny(text, '?#', at);
  return { scheme, authority, path: text.slice(at, pathEnd), suffix: text.slice(pathEnd) };
}

export function formatUriReference({ scheme, authority, path, suffix }: UriReference): string {
  const before = scheme === undefined ? '' : `${scheme}:`;
  return `${before}${authority === undefined ? '' : `//${authority}`}${path}${suffix}`;
}

/** A server, as an authority (RFC 3986 section 3.2) names it. */
export interface HostAndPort {
  /** In lower case, without a trailing dot; an IPv6 address in its shortest form, with its brackets. */
  readonly host: string;
  /** Undefined when it is absent or empty: the scheme's default counts. */
  readonly port: number | undefined;
}

/** @returns undefined for an authority without a host, or with a port that is none */
export function parseAuthority(authority: string): HostAndPort | undefined {
  const hostAndPort = authority.slice(authority.lastIndexOf('@') + 1);
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d*))?$/.exec(hostAndPort);
  if (match === null) return undefined;
  const host = canonicalHost(match[1] as string);
  const port = match[2] === undefined || match[2] === '' ? undefined : Number(match[2]);
  return host === '' || (port !== undefined && port > 65_535) ? undefined : { host, port };
}

function canonicalHost(host: string): string {
  if (host.startsWith('[')) {
    return isIPv6(host.slice(1, -1)) ? (URL.parse(`http://${host}`)?.hostname ?? host.toLowerCase()) : '';
  }
  const lower = host.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/** The port that a URL of this scheme means where it names none (RFC 9110 section 4.2). @param scheme in any case */
export function defaultPort(scheme: string): number | undefined {
  switch (scheme.toLowerCase()) {
    case 'http':
      return 80;
    case 'https':
      return 443;
    default:
      return undefined;
  }
}

/** RFC 3986 section 5.2.4, for a path that begins with a slash. Browsers take `%2e` for a dot, too. */
export function removeDotSegments(path: string): string {
  if (!/\/(?:\.|%2e)/i.test(path)) return path;
  const kept: string[] = [];
  const segments = path.slice(1).split('/');
  for (const [index, segment] of segments.entries()) {
    const plain = segment.replace(/%2e/gi, '.');
    if (plain === '..') kept.pop();
    else if (plain !== '.') kept.push(segment);
    // What a dot segment at the end leaves is a folder.
    if (index === segments.length - 1 && (plain === '.' || plain === '..')) kept.push('');
  }
  return `/${kept.join('/')}`;
}

/** The first place, from `start` on, of any of these characters; the length of the text when there is none. */
function indexOfAny(text: string, characters: string, start: number): number {
  for (let index = start; index < text.length; index += 1) {
    if (characters.includes(text[index] as string)) return index;
  }
  return text.length;
}
