import type { IngressRoute, TlsRedirect } from '../model/route.ts';
import { PreparedChanges } from './pipeline/filters/field-changes.ts';
import { VariableText } from './pipeline/variables.ts';
import { type OwnChanges, RouteChanges } from './route-changes.ts';

/** What requests to a location of an Ingress get, as a worker does it. Locations that agree share one, whichever Ingresses they are of. */
export class CompiledIngress implements OwnChanges {
  readonly tlsRedirect: TlsRedirect | undefined;
  readonly upstreamHost: VariableText | undefined;
  readonly isLogged: boolean;
  /** Upstreams get all addresses that X-Forwarded-For has named so far. */
  readonly forwardsChain: boolean;
  /** Upstreams get the target that the client has asked for. */
  readonly tellsOriginalUri: boolean;
  /** Those of routes without policies. */
  readonly changes: RouteChanges;
  readonly #inClear: PreparedChanges;
  readonly #overTls: PreparedChanges;

  constructor({
    tlsRedirect,
    upstreamHost,
    isLogged,
    forwardsChain,
    tellsOriginalUri,
    keepsServer,
    hsts,
  }: IngressRoute) {
    this.tlsRedirect = tlsRedirect;
    this.upstreamHost = upstreamHost && new VariableText(upstreamHost);
    this.isLogged = isLogged !== false;
    this.forwardsChain = forwardsChain === true;
    this.tellsOriginalUri = tellsOriginalUri === true;
    const server = keepsServer ? [] : [{ op: 'remove', name: 'Server', value: '' } as const];
    const security = hsts === undefined ? [] : [{ op: 'set', name: 'Strict-Transport-Security', value: hsts } as const];
    this.#inClear = new PreparedChanges(server);
    this.#overTls = new PreparedChanges([...server, ...security]);
    this.changes = new RouteChanges([], this);
  }

  /** What is changed in the heads of responses, both from upstreams and made here. */
  responses(isOverTls: boolean): PreparedChanges {
    return isOverTls ? this.#overTls : this.#inClear;
  }
}
