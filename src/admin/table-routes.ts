/** `/routes` and `/explain`: what is served, what is not, and why. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { FormatError } from '../errors.ts';
import { type Explanation, explain } from '../routing/explain.ts';
import { parseHost } from '../routing/host.ts';
import { readOnlyRoute } from './app.ts';
import type { ControlPlane } from './control-plane.ts';
import { viewRoute } from './route-view.ts';

export function addTableRoutes(app: FastifyInstance, control: ControlPlane): void {
  readOnlyRoute(app, '/routes', async (_request, reply) => {
    const { table } = control;
    return sendJson(reply, {
      version: table.version,
      initialised: control.isInitialised,
      source: control.source(),
      routes: [...table.routes()].map(viewRoute),
      refusals: control.refusals(),
      warnings: control.warnings(),
      conflicts: control.conflicts(),
    });
  });
  readOnlyRoute(app, '/explain', async (request, reply) =>
    sendJson(reply, viewExplanation(explainQuery(request.query, control))),
  );
}

/** @param query `host` and `path` @throws FormatError for what is missing, or for a request that would not get as far as a route */
export function explainQuery(query: unknown, { table, mergeSlashes }: ControlPlane): Explanation {
  const host = queryParameter(query, 'host') ?? '';
  const path = queryParameter(query, 'path');
  if (path === undefined) throw new FormatError('say which path: /explain?host=HOST&path=/PATH');
  if (host !== '' && parseHost(host) === undefined) {
    throw new FormatError(`host "${host}": a request with this Host is answered with 400`);
  }
  const explanation = explain(table, host, path, mergeSlashes);
  if (explanation === undefined) throw new FormatError(`path "${path}": a request for it is answered with 400`);
  return explanation;
}

/** @throws FormatError when it is given more than once */
export function queryParameter(query: unknown, name: string): string | undefined {
  const value: unknown = typeof query === 'object' && query !== null ? Reflect.get(query, name) : undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw new FormatError(`${name}: give it once`);
}

/** Without a route there is no `route` and no `upstreamTarget`. */
function viewExplanation({ route, losers, ...rest }: Explanation): object {
  return {
    ...rest,
    route: route && viewRoute(route),
    losers: losers.map(loser => ({ ...loser, route: viewRoute(loser.route) })),
  };
}

export function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return reply.type('application/json').send(JSON.stringify(value));
}
