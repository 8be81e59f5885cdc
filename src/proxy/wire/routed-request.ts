import { parseHost } from '../../routing/host.ts';
import type { Route } from '../../routing/route.ts';
import { parseTarget, type RequestTarget } from '../../routing/target.ts';
import type { EngineState } from '../engine.ts';
import type { FailureCode } from '../failure.ts';
import { isRefusedMethod } from '../methods.ts';
import { allowedUpgrade } from '../upgrade.ts';
import { UPGRADE } from './header-names.ts';
import type { RequestHead } from './request-head.ts';

/** What a request asks for, and which route takes it; one per client connection, used again. */
export class RoutedRequest {
  readonly target: RequestTarget = { path: '', query: '', host: '', authority: '' };
  route: Route | undefined;
  /** The protocols it may be upgraded to; undefined for a plain request. */
  upgrade: string | undefined;
  /** Most bytes its body may have; 0 is no limit. */
  bodyLimit = 0;
  /** A client says the same Host again and again: it is judged once. */
  #rawHost = '';
  #parsedHost: string | undefined = '';

  /** nginx's $host: of an absolute target, else of the Host header; empty for HTTP/1.0 with neither. */
  get host(): string {
    return this.target.host || (this.#parsedHost ?? '');
  }

  /** As it came, with its port. RFC 9112 section 3.2.2: an absolute target's counts, and Host is then ignored. */
  get authority(): string {
    return this.target.authority || this.#rawHost;
  }

  /** @returns why the request must be refused */
  judge(head: RequestHead, { table, settings }: EngineState): FailureCode | undefined {
    this.route = undefined;
    this.upgrade = undefined;
    this.bodyLimit = 0;
    this.target.host = '';
    this.target.authority = '';
    const rawHost = head.host;
    if (rawHost !== this.#rawHost) {
      this.#rawHost = rawHost;
      this.#parsedHost = parseHost(rawHost);
    }
    // HTTP/1.0 may do without one; an empty Host names nothing.
    if (head.hasHost && (this.#parsedHost === undefined || rawHost === '')) return 'BAD_REQUEST';
    if (isRefusedMethod(head.method)) return 'METHOD_NOT_ALLOWED';
    if (!parseTarget(head.target, settings.mergeSlashes, this.target)) return 'BAD_REQUEST';
    if (table === undefined) return 'NO_TABLE';
    const route = table.match(this.host, this.target.path);
    if (route === undefined) return 'NO_ROUTE';
    this.route = route;
    this.bodyLimit = route.overrides.maxBodySize ?? settings.clientMaxBodySize;
    if (this.bodyLimit > 0 && head.contentLength > this.bodyLimit) return 'BODY_TOO_LARGE';
    // A tunnel takes the bytes that follow: a body would be lost in it.
    const mayUpgrade = head.saysUpgrade && head.minorVersion === 1 && !head.isChunked && head.contentLength <= 0;
    if (mayUpgrade && head.has(UPGRADE)) this.upgrade = allowedUpgrade(head.value(UPGRADE), settings.upgradeProtocols);
    return undefined;
  }
}
