/** URI references (RFC 3986), as they stand in Location and Refresh. */

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

/** The components of an authority (RFC 3986 section 3.2), as they stand there. */
export interface Authority {
  readonly userInfo: string | undefined;
  /** An IPv6 address keeps its brackets. */
  readonly host: string;
  readonly port: string | undefined;
}

/** Takes an authority apart. What its parts hold is not judged. */
export function splitAuthority(authority: string): Authority {
  const at = authority.lastIndexOf('@');
  const hostAndPort = authority.slice(at + 1);
  // An IPv6 address has colons, too.
  const colon = hostAndPort.indexOf(':', hostAndPort.startsWith('[') ? hostAndPort.indexOf(']') : 0);
  return {
    userInfo: at < 0 ? undefined : authority.slice(0, at),
    host: colon < 0 ? hostAndPort : hostAndPort.slice(0, colon),
    port: colon < 0 ? undefined : hostAndPort.slice(colon + 1),
  };
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

/** The first place, from `start` on, of any of these characters; the length of the text when it has none. */
function indexOfAny(text: string, characters: string, start: number): number {
  for (let index = start; index < text.length; index += 1) {
    if (characters.includes(text[index] as string)) return index;
  }
  return text.length;
}
