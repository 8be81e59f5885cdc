import type { FailureReason } from '../../failures/failures.ts';
import { AmbiguousPathError } from '../../routing/gateway/ambiguous-path-error.ts';
import { AskedRequest } from '../../routing/gateway/asked-request.ts';
import { PatternCostError } from '../../routing/pattern/pattern-cost-error.ts';
import type { RequestTarget } from '../../routing/target.ts';
import type { CompiledRoute } from '../compiled-route.ts';
import type { CompiledTable } from '../route-compiler.ts';
import type { ClientPort, TlsSession } from './known-client.ts';
import type { RequestView } from './ports.ts';

/** A request that has come to a port of a Gateway. */
interface PortRequest {
  readonly head: RequestView;
  /** As parseHost() gives it; empty for HTTP/1.0 without one. */
  readonly host: string;
  readonly target: RequestTarget;
  /** Undefined on a port without TLS. */
  readonly session: TlsSession | undefined;
}

/** Finds the routes of requests that come to ports of Gateways; used again for each request of a client. */
export class PortRouting {
  readonly #asked = new AskedRequest();

  /** @returns the route, where there is one, or why the request must be refused */
  find(
    table: CompiledTable,
    port: ClientPort,
    { head, host, target, session }: PortRequest,
  ): CompiledRoute | FailureReason | undefined {
    const listener = port.listenerOf(host);
    if (listener === undefined) return undefined;
    // RFC 9110 section 7.4: the server name has chosen certificate and rules of one listener, and the host names another one's.
    if (session !== undefined && session.listener !== listener.hostname) return 'request_misdirected';
    // The listener has other rules for client certificates since.
    if (session !== undefined && session.clientPolicy !== listener.clientPolicy) return 'request_misdirected';
    this.#asked.begin(head, target.query);
    try {
      return table.matchListener(listener.key, host, target.path, this.#asked);
    } catch (error) {
      if (error instanceof PatternCostError) return 'pattern_too_costly';
      if (error instanceof AmbiguousPathError) return 'request_path_ambiguous';
      throw error;
    }
  }

  /** Drops the texts that are parts of the head. */
  forget(): void {
    this.#asked.forget();
  }
}
