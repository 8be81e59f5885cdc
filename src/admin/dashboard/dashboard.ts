/** The dashboard: one page, its files, and what it asks for. Read-only. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ControlPlane } from '../../control/control-plane.ts';
import { describeBodyLimit, describeTimeouts } from '../../control/limits.ts';
import { FormatError } from '../../errors.ts';
import { readOnlyRoute, sendText } from '../app.ts';
import { describeCanary } from '../canary-words.ts';
import type { EndpointChoiceView } from '../endpoint-choice-view.ts';
import { queryParameter, viewQuery } from '../explanation.ts';
import { sendJson } from '../table-routes.ts';
import { type Asset, loadAssets, sendAsset } from './assets.ts';
import { Feed, type FeedOptions } from './feed.ts';
import { guard } from './guard.ts';
import { type ExplainedChoice, type ExplainRefusal, type ExplainView, SORT_KEYS } from './messages.ts';
import { excerpt } from './overview.ts';
import { MAX_SEARCH_LENGTH, type RouteQuery, RouteSearch } from './route-search.ts';

/** Candidates shown that lost, or were refused: in a table of many hosts, every one of them may have. */
const MAX_CANDIDATES = 50;

const INDEX = 'index.html';

export interface DashboardOptions extends Omit<FeedOptions, 'interval'> {
  /** Milliseconds between two samples; a second by default. */
  readonly interval?: number;
}

/** Adds `/` and `/dashboard/…`. @returns what those who watch get, which ends with the app */
export function addDashboard(app: FastifyInstance, { interval = 1000, ...options }: DashboardOptions): Feed {
  const feed = new Feed({ ...options, interval });
  const { control } = options;
  const search = new RouteSearch(feed.sampler, control);
  // A scope of its own: the probes and /metrics are asked for by names of all kinds.
  app.register(async scope => {
    scope.addHook('onRequest', guard);
    for (const asset of loadAssets().values()) addAsset(scope, asset);
    readOnlyRoute(scope, '/dashboard/events', async (request, reply) => stream(request, reply, feed));
    readOnlyRoute(scope, '/dashboard/watching', async (request, reply) =>
      reply
        .header('cache-control', 'no-store')
        .code(feed.seen(queryParameter(request.query, 'viewer') ?? '') ? 204 : 404)
        .send(),
    );
    readOnlyRoute(scope, '/dashboard/routes', async (request, reply) =>
      sendFresh(reply, search.find(control.table, routeQuery(request.query))),
    );
    readOnlyRoute(scope, '/dashboard/explain', async (request, reply) =>
      sendFresh(reply, explanationFor(request.query, control)),
    );
  });
  app.addHook('preClose', async () => feed.close());
  return feed;
}

function addAsset(app: FastifyInstance, asset: Asset): void {
  const url = asset.name === INDEX ? '/' : `/dashboard/${asset.name}`;
  readOnlyRoute(app, url, async (request, reply) => sendAsset(request, reply, asset));
}

function stream(request: FastifyRequest, reply: FastifyReply, feed: Feed): FastifyReply {
  if (feed.isFull) return sendText(reply.header('retry-after', '5'), 503, 'too many are watching already\n');
  reply.headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  if (request.method === 'HEAD') return reply.send();
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.raw.flushHeaders();
  feed.subscribe(reply.raw);
  return reply;
}

function sendFresh(reply: FastifyReply, value: unknown): FastifyReply {
  return sendJson(reply.header('cache-control', 'no-store'), value);
}

/** @throws FormatError */
function routeQuery(query: unknown): RouteQuery {
  const wanted = queryParameter(query, 'sort') ?? 'route';
  const sort = SORT_KEYS.find(key => key === wanted);
  if (sort === undefined) throw new FormatError(`sort: one of ${SORT_KEYS.join(', ')}`);
  const search = queryParameter(query, 'search') ?? '';
  if (search.length > MAX_SEARCH_LENGTH) throw new FormatError(`search: at most ${MAX_SEARCH_LENGTH} characters`);
  return {
    sort,
    search,
    descending: queryParameter(query, 'order') === 'descending',
  };
}

function explainedChoice({ outcome, endpoints }: EndpointChoiceView): ExplainedChoice {
  const likelyFirst = endpoints.toSorted((a, b) => b.share - a.share);
  return {
    outcome,
    endpoints: excerpt(likelyFirst, MAX_CANDIDATES, ({ address, port, share, inFlight, exclusion }) => ({
      ...{ address, port, share, inFlight, exclusion },
    })),
  };
}

/** That a request is answered with 400 is an answer to the question, too. */
function explanationFor(query: unknown, control: ControlPlane): ExplainView | ExplainRefusal {
  try {
    const { waiting, losers, refusals, policies, endpoints, limits, limitOrigins, ...rest } = viewQuery(query, control);
    const canary = rest.route?.canary;
    return {
      ...rest,
      limits: limits && `${describeTimeouts(limits, limitOrigins)}, body ${describeBodyLimit(limits, limitOrigins)}`,
      canary: canary && describeCanary(canary),
      choice: endpoints && explainedChoice(endpoints),
      policies: excerpt(policies, MAX_CANDIDATES, policy => policy),
      waiting: excerpt(waiting, MAX_CANDIDATES, service => service),
      losers: excerpt(losers, MAX_CANDIDATES, loser => loser),
      refusals: excerpt(refusals, MAX_CANDIDATES, refusal => refusal),
    };
  } catch (error) {
    if (error instanceof FormatError) return { refused: error.message };
    throw error;
  }
}
