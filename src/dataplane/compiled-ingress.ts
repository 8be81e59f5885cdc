import type { IngressRoute, TlsRedirect } from '../model/route.ts';
import { PolicyEdits, PreparedChanges } from './pipeline/filters/field-changes.ts';
import type { FieldEdits } from './pipeline/ports.ts';
import { VariableText } from './pipeline/variables.ts';

/** What requests to a location of an Ingress get, as a worker does it. Routes that agree share one. */
export class CompiledIngress {
  readonly tlsRedirect: TlsRedirect | undefined;
  readonly upstreamHost: VariableText | undefined;
  readonly isLogged: boolean;
  /** Upstreams get all addresses that X-Forwarded-For has named so far. */
  readonly forwardsChain: boolean;
  /** Upstreams get the target that the client has asked for. */
  readonly tellsOriginalUri: boolean;
  readonly #inClear: ResponseChanges;
  readonly #overTls: ResponseChanges;

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
    this.#inClear = new ResponseChanges(new PreparedChanges(server));
    this.#overTls = new ResponseChanges(new PreparedChanges([...server, ...security]));
  }

  /** What is changed in the heads of responses, both from upstreams and made here. */
  responses(isOverTls: boolean): ResponseChanges {
    return isOverTls ? this.#overTls : this.#inClear;
  }
}

/** Changes that are the same for all responses. */
export class ResponseChanges {
  readonly changes: PreparedChanges;

  constructor(changes: PreparedChanges) {
    this.changes = changes;
  }

  /** @param before what is changed in the head anyway */
  edits(before: FieldEdits | undefined): FieldEdits {
    return before === undefined ? this.changes.ofResponse : new PolicyEdits(this.changes, before);
  }
}
