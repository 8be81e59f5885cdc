import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Guarded, guarded } from '../runtime/guard.ts';
import type { ClientTraffic } from './client-traffic.ts';
import { headerPairs } from './upstream-attempt.ts';

/** What an exchange does about a body on its way to the client. */
export interface RelayOwner extends Guarded {
  /** The upstream ended before its response did. */
  responseCut(): void;
}

/** Passes on the body of a response, whose head the client's response has. */
export function relayBody(from: IncomingMessage, to: ServerResponse, traffic: ClientTraffic, owner: RelayOwner): void {
  const status = from.statusCode ?? 0;
  const isBodiless = to.req.method === 'HEAD' || status === 204 || status === 304;
  from.on('data', (chunk: Buffer) => {
    traffic.sentBodyBytes += chunk.length;
  });
  const ended = guarded(owner, () => {
    try {
      if (!isBodiless && from.rawTrailers.length > 0) to.addTrailers(headerPairs(from.rawTrailers));
    } catch {
      // Trailers that are no headers are not worth the body that came before them.
    }
    to.end();
  });
  // A response cut short must not look complete: no last chunk, no keep-alive.
  const closed = guarded(owner, () => {
    if (!from.complete) owner.responseCut();
  });
  from.on('end', ended);
  from.on('close', closed);
  from.pipe(to, { end: false });
  // A head without body yet (server-sent events) goes out now; one with a body goes out together with it.
  setImmediate(() => {
    if (!to.writableEnded && traffic.sentBodyBytes === 0) to.flushHeaders();
  });
}
