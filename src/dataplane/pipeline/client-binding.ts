import { cookieValues } from '../../formats/http/cookies.ts';
import type { EndpointState } from '../clusters/endpoint-state.ts';
import type { StickyEndpoints } from '../clusters/sticky-endpoints.ts';
import type { RequestView } from './ports.ts';

/** What binds the client of an exchange to an endpoint: the sticky cookie of its request, or the one that it gets. */
export class ClientBinding {
  #sticky: StickyEndpoints<EndpointState> | undefined;
  #endpoint: EndpointState | undefined;
  /** The newest key made the client's cookie: it gets no other. */
  #isCurrent = false;

  /** @param takes whether an endpoint may have requests of its clients */
  begin(
    sticky: StickyEndpoints<EndpointState> | undefined,
    head: RequestView | undefined,
    takes: (endpoint: EndpointState) => boolean,
  ): void {
    this.#sticky = sticky;
    this.#endpoint = undefined;
    if (sticky === undefined || head === undefined) return;
    for (const value of cookieValues(head.field('cookie', '; '), sticky.cookie.name)) {
      const endpoint = sticky.find(value);
      if (endpoint === undefined) continue;
      this.#isCurrent = sticky.valueOf(endpoint) === value;
      this.#endpoint = takes(endpoint) ? endpoint : undefined;
      return;
    }
  }

  /** The endpoint that the client is bound to; undefined where a new one has to be picked. */
  get endpoint(): EndpointState | undefined {
    return this.#endpoint;
  }

  /**
   * The header line that binds the client to the endpoint which answered, without its line end; empty where its own cookie still counts. A
   * client whose endpoint failed once goes back to it: it may have a session there.
   * @param path of the route
   * @param isSecure the client speaks HTTPS
   */
  lineFor(answered: EndpointState | undefined, path: string, isSecure: () => boolean): string {
    const sticky = this.#sticky;
    const endpoint = this.#endpoint ?? answered;
    if (sticky === undefined || endpoint === undefined || (this.#endpoint !== undefined && this.#isCurrent)) return '';
    const { name, path: ownPath, domain, maxAgeSeconds, sameSite, secure } = sticky.cookie;
    const life = maxAgeSeconds === undefined ? '' : `; Max-Age=${maxAgeSeconds}`;
    const hosts = domain === '' ? '' : `; Domain=${domain}`;
    const safe = secure === 'always' || (secure === 'auto' && isSecure()) ? '; Secure' : '';
    const places = `${hosts}; Path=${ownPath || cookiePath(path)}`;
    return `Set-Cookie: ${name}=${sticky.valueOf(endpoint)}${life}${places}${safe}; HttpOnly; SameSite=${sameSite}`;
  }
}

/** RFC 6265 section 5.2: a semicolon ends the attribute. The path above it takes the same requests, and others. */
function cookiePath(path: string): string {
  const semicolon = path.indexOf(';');
  return semicolon < 0 ? path : path.slice(0, path.lastIndexOf('/', semicolon)) || '/';
}
