import { cookieValues } from '../../formats/http/cookies.ts';
import type { StickyEndpoints } from '../clusters/affinity/sticky-endpoints.ts';
import type { EndpointState } from '../clusters/endpoint-state.ts';
import type { RequestView } from './ports.ts';
import { type CookieMoment, stickyCookieLine } from './sticky-cookie.ts';

/** So many keys are drawn before the balancer chooses: a key may lead to an endpoint that takes no new clients. */
const MAX_DRAWS = 4;

/** What binds the client of an exchange to an endpoint: the sticky cookie of its request, or the one that it gets. */
export class ClientBinding {
  #sticky: StickyEndpoints<EndpointState> | undefined;
  #endpoint: EndpointState | undefined;
  /** The client's cookie stays as it is: it gets no other. */
  #isCurrent = false;
  /** Of the cookie that a new client gets, where it has chosen the endpoint; empty: the endpoint makes it. */
  #newValue = '';

  /**
   * @param takes whether an endpoint may have requests of its clients
   * @param binds whether a client without a cookie gets one
   */
  begin(
    sticky: StickyEndpoints<EndpointState> | undefined,
    head: RequestView | undefined,
    takes: (endpoint: EndpointState) => boolean,
    binds: boolean,
  ): void {
    this.#sticky = sticky;
    this.#endpoint = undefined;
    this.#isCurrent = false;
    this.#newValue = '';
    if (sticky === undefined || head === undefined) return;
    for (const value of cookieValues(head.field('cookie', '; '), sticky.cookie.name)) {
      const endpoint = sticky.find(value);
      if (endpoint === undefined) continue;
      this.#isCurrent = sticky.isCurrent(value, endpoint);
      this.#endpoint = takes(endpoint) ? endpoint : undefined;
      return;
    }
    if (binds) this.#draw(sticky, takes);
  }

  /** The endpoint that the client is bound to; undefined where a new one has to be picked. */
  get endpoint(): EndpointState | undefined {
    return this.#endpoint;
  }

  /**
   * The header line that binds the client to the endpoint which answered, without its line end; empty where its own cookie still counts. A
   * client whose endpoint failed once goes back to it, unless the cookie says otherwise: it may have a session there.
   * @param path of the route
   */
  lineFor(answered: EndpointState | undefined, path: string, moment: CookieMoment): string {
    const sticky = this.#sticky;
    const bound = this.#endpoint;
    const endpoint = sticky?.cookie.changesOnFailure === true ? (answered ?? bound) : (bound ?? answered);
    if (sticky === undefined || endpoint === undefined) return '';
    const isBound = endpoint === bound;
    if (isBound && this.#isCurrent) return '';
    const value = isBound && this.#newValue !== '' ? this.#newValue : sticky.valueOf(endpoint);
    return stickyCookieLine(sticky.cookie, value, path, moment);
  }

  #draw(sticky: StickyEndpoints<EndpointState>, takes: (endpoint: EndpointState) => boolean): void {
    for (let draws = 0; draws < MAX_DRAWS; draws += 1) {
      const value = sticky.newValue();
      if (value === undefined) return;
      const endpoint = sticky.find(value);
      if (endpoint?.state !== 'ready' || !takes(endpoint)) continue;
      this.#endpoint = endpoint;
      this.#newValue = value;
      return;
    }
  }
}
