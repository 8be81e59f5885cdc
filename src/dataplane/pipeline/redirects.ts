import { mapRefreshUrl } from '../../formats/http/refresh.ts';
import { mapCookiePath } from '../../formats/http/set-cookie.ts';
import {
  defaultPort,
  formatUriReference,
  parseUriReference,
  removeDotSegments,
  splitAuthority,
  type UriReference,
} from '../../formats/http/uri.ts';
import type { Place } from '../../model/route.ts';
import { parseHost } from '../../routing/host.ts';
import { upperCaseEscapes } from '../../routing/path.ts';
import { endedLines } from '../fields/header-lines.ts';
import { NameSet } from '../fields/name-set.ts';
import { EDITED, type Fate, type FieldEdits, STAYS } from './ports.ts';

/** Puts lines behind those of a response's head. */
export class AddedLines implements FieldEdits {
  readonly added: string;
  readonly lengths = 0;

  /** @param added without line ends */
  constructor(added: readonly string[]) {
    this.added = endedLines(added);
  }

  fateOf(): Fate {
    return STAYS;
  }

  edit(_name: string, value: string): string {
    return value;
  }
}

/** Puts a stripped prefix back on the paths in a response's head. */
export class RedirectEdits implements FieldEdits {
  readonly added: string;
  readonly lengths = REDIRECTS.lengths;
  readonly #route: Place;
  readonly #hosts: readonly string[];

  /**
   * @param hosts the authorities by which the client and the upstream may know this place
   * @param added without line ends
   */
  constructor(route: Place, hosts: readonly string[], added: readonly string[]) {
    this.added = endedLines(added);
    this.#route = route;
    this.#hosts = hosts;
  }

  fateOf(text: string, start: number, end: number): Fate {
    return REDIRECTS.has(text, start, end) ? EDITED : STAYS;
  }

  edit(name: string, value: string): string {
    return rewriteRedirect(name, value, this.#route, this.#hosts);
  }
}

/**
 * Puts a stripped prefix back on the paths that an upstream sends in `Location`, `Refresh` and cookie `Path`. The upstream
 * sees its paths without the prefix.
 * @param name in lower case
 * @param hosts the authorities by which the client and the upstream may know this place
 */
export function rewriteRedirect(name: string, value: string, route: Place, hosts: readonly string[]): string {
  switch (name) {
    case 'location':
      return withPrefix(value, route.path, hosts);
    case 'refresh':
      return mapRefreshUrl(value, url => withPrefix(url, route.path, hosts));
    case 'set-cookie':
      return mapCookiePath(value, path => join(route.path, path));
    default:
      return value;
  }
}

const REDIRECTS = new NameSet(['location', 'refresh', 'set-cookie']);

export function mayHoldRedirect(name: string): boolean {
  return name === 'location' || name === 'refresh' || name === 'set-cookie';
}

/** An absolute path gets the prefix, a full URL only when it leads here. Relative references and other sites stay. */
function withPrefix(url: string, prefix: string, hosts: readonly string[]): string {
  const reference = parseUriReference(url);
  const { scheme, authority, path } = reference;
  if (authority === undefined) {
    if (scheme !== undefined || !path.startsWith('/')) return url;
  } else if (!leadsHere(reference, hosts)) {
    return url;
  }
  // RFC 9110 section 4.2.3: an empty path means the root.
  return formatUriReference({ ...reference, path: join(prefix, path === '' ? '/' : path) });
}

function leadsHere({ scheme, authority = '' }: UriReference, hosts: readonly string[]): boolean {
  // `//host/path` keeps the scheme of the page: either default port may be meant.
  const defaults = scheme === undefined ? [80, 443] : [defaultPort(scheme)];
  const isDefault = (port: number | undefined): boolean => port === undefined || defaults.includes(port);
  const to = defaults[0] === undefined ? undefined : serverOf(authority);
  if (to === undefined) return false;
  return hosts.some(text => {
    const here = serverOf(text);
    return here?.host === to.host && (here.port === to.port || (isDefault(here.port) && isDefault(to.port)));
  });
}

/** The host as routes know it, and its port; undefined for what names no server. */
function serverOf(authority: string): { readonly host: string; readonly port: number | undefined } | undefined {
  const { host, port } = splitAuthority(authority);
  const name = parseHost(port === undefined ? host : `${host}:${port}`);
  // RFC 3986 section 3.2.3: an empty port means the default one.
  return name === undefined ? undefined : { host: name, port: port ? Number(port) : undefined };
}

/** An upstream that knows its prefix sends it already: it is not put on twice. */
function join(prefix: string, path: string): string {
  // `/../x` means `/x` to an upstream at its root.
  const plain = removeDotSegments(path);
  const compared = upperCaseEscapes(plain);
  if (compared.startsWith(prefix) && (compared.length === prefix.length || compared[prefix.length] === '/'))
    return path;
  return plain === '/' ? `${prefix}/` : prefix + plain;
}
