/**
 * Loaded by `--import` into the real program, and so into its workers: methods of the data plane that have a bug for some
 * requests. The program itself has no door for this.
 */

import { ChunkedBody } from '../../src/dataplane/http1/chunked-body.ts';
import { ClientConnection } from '../../src/dataplane/http1/client-connection.ts';
import { RequestHead } from '../../src/dataplane/http1/request-head.ts';
import { ResponseHead } from '../../src/dataplane/http1/response-head.ts';
import { Exchange as NodeExchange } from '../../src/dataplane/node/exchange.ts';
import { Exchange } from '../../src/dataplane/pipeline/exchange.ts';
import { ExchangeRecord } from '../../src/dataplane/pipeline/exchange-record.ts';
import { ResponseRelay } from '../../src/dataplane/pipeline/response-relay.ts';
import { RouteTable } from '../../src/routing/table.ts';

/** Address of the client whose timer has a bug. */
export const TIMER_CLIENT = '127.0.0.9';

/** Puts a bug before a method. */
function plant<Owner extends object>(
  prototype: Owner,
  method: keyof Owner & string,
  isMet: (self: Owner, args: readonly unknown[]) => boolean,
): void {
  const sound = Reflect.get(prototype, method) as (...args: unknown[]) => unknown;
  Reflect.set(prototype, method, function broken(this: Owner, ...args: unknown[]): unknown {
    if (isMet(this, args)) throw new TypeError(`bug in ${method}`);
    return sound.apply(this, args);
  });
}

const holds = (args: readonly unknown[], text: string): boolean => (args[0] as Buffer).includes(text);

plant(RouteTable.prototype, 'match', (_, [, path]) => String(path).startsWith('/match'));
plant(RequestHead.prototype, 'read', (_, args) => holds(args, 'GET /head'));
plant(Exchange.prototype, 'connected', ({ state }) => state.record.path.startsWith('/app/connect'));
plant(ResponseHead.prototype, 'read', (_, args) => holds(args, 'X-Bug: response'));
plant(ChunkedBody.prototype, 'feed', (_, args) => holds(args, 'chunk with a bug'));
plant(ExchangeRecord.prototype, 'write', ({ path }) => path.startsWith('/app/write'));
plant(Exchange.prototype, 'clientDrained', ({ state }) => state.record.path.startsWith('/app/drain'));
plant(ResponseRelay.prototype, 'upstreamBroken', ({ state }) => state.record.path.startsWith('/app/end'));
plant(ClientConnection.prototype, 'timedOut', ({ peer }) => peer === TIMER_CLIENT);
plant(NodeExchange.prototype, 'responded', (_, args) => {
  const { headers } = args[0] as { readonly headers: Readonly<Record<string, unknown>> };
  return headers['x-bug'] === 'response';
});
plant(NodeExchange.prototype, 'broken', (_, [error]) => (error as Error).message === 'socket hang up');
