/** The fastify instance of the admin socket and of the status listener. No slow client can hold it up. */
import type { RequestListener, ServerResponse } from 'node:http';
import { METHODS, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import {
  type ConnectionError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  type RouteHandlerMethod,
} from 'fastify';
import { codeOf, KubeEntryError, messageOf } from '../errors.ts';
import type { WorkerCounters } from '../observe/counters.ts';
import type { Logger } from '../observe/logger.ts';
import { countConnections } from './connection-counts.ts';
import { limitConnections } from './connection-limit.ts';

/** Limits for one client: times in milliseconds, and sizes. */
export interface AppLimits {
  /** From the connection to the end of a request head. */
  readonly headTimeout: number;
  /** From the connection to the end of a request. */
  readonly requestTimeout: number;
  /** Without a byte in either direction. */
  readonly idleTimeout: number;
  /** How often the first two are looked at. */
  readonly checkInterval: number;
  /** Connections at a time, so that a flood leaves the data plane its file descriptors. The oldest ones give way. */
  readonly connections: number;
}

export const DEFAULT_LIMITS: AppLimits = {
  headTimeout: 5_000,
  requestTimeout: 30_000,
  idleTimeout: 30_000,
  checkInterval: 2_000,
  connections: 512,
};

/** How often the log says that connections had to give way. */
const SAID_EVERY_MS = 60_000;

/** nginx's client_max_body_size in ingress-nginx's admin server. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;

export interface AppOptions {
  /** Where this server's own connections are counted, as nginx counts its own. */
  readonly counters: WorkerCounters;
  readonly logger: Logger;
  readonly limits?: AppLimits;
}

/**
 * One request a connection, as ingress-nginx has it (`keepalive_timeout 0`); errors as plain text; request bodies as
 * a Buffer, whatever their type.
 */
export function createApp({ counters, logger, limits = DEFAULT_LIMITS }: AppOptions): FastifyInstance {
  const responses = new WeakMap<Socket, ServerResponse>();
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    connectionTimeout: limits.idleTimeout,
    requestTimeout: limits.requestTimeout,
    // A pipelined second request is not processed (RFC 9112 section 9.6).
    maxRequestsPerSocket: 1,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    http: { headersTimeout: limits.headTimeout, connectionsCheckingInterval: limits.checkInterval },
    clientErrorHandler: (error, socket) => answerClientError(error, socket, responses.get(socket)),
    frameworkErrors: (error, _request, reply) => sendText(reply, error.statusCode ?? 400, 'Bad Request\n'),
  });
  // A client that half-closes after its request gets its answer, as from nginx; Node would drop it.
  Object.assign(app.server, { httpAllowHalfOpen: true });
  const onlyRequest: RequestListener = ({ socket }, response) => {
    response.shouldKeepAlive = false;
    responses.set(socket, response);
  };
  app.server.prependListener('request', onlyRequest);
  countConnections(app.server, counters);
  limitConnections(app.server, limits.connections, evictionWarning(logger));

  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  // Not in a not-found handler, which would read the body first.
  app.addHook('preParsing', async (request, reply) => {
    // The body's type is not looked at: fastify would refuse one that it cannot read.
    delete request.raw.headers['content-type'];
    return request.is404 ? sendText(reply, 404, 'Not Found\n') : undefined;
  });
  app.setErrorHandler((error, request, reply) => {
    const status = statusOf(error);
    if (status >= 500) logger.error({ err: error, url: request.url }, 'an admin request failed');
    return sendText(reply, status, status >= 500 ? 'Internal Server Error\n' : `${messageOf(error)}\n`);
  });
  return app;
}

/** A route for GET and HEAD; any other method gets 405 before its body is read. */
export function readOnlyRoute(app: FastifyInstance, url: string, handler: RouteHandlerMethod): void {
  app.route({
    method: app.supportedMethods,
    url,
    onRequest: async (request, reply) => {
      if (request.method === 'GET' || request.method === 'HEAD') return undefined;
      return sendText(reply.header('allow', 'GET, HEAD'), 405, 'Method Not Allowed\n');
    },
    handler,
  });
}

export function sendText(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(text);
}

/** The request target with an absolute form's scheme and authority taken off (RFC 9112 section 3.2.2), else as it came. */
export function targetOf(request: FastifyRequest): string {
  return request.url.replace(/^https?:\/\/[^/?#]*/i, '');
}

/** Logs at most once a minute that there were too many connections. */
function evictionWarning(logger: Logger): () => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - saidAt < SAID_EVERY_MS) return;
    saidAt = performance.now();
    logger.warn('too many connections for status and configuration: the oldest ones that ask for nothing are ended');
  };
}

/** Errors of ours are about what the client sent; fastify's carry their own status. */
function statusOf(error: unknown): number {
  if (error instanceof KubeEntryError) return 400;
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  return typeof error.statusCode === 'number' ? error.statusCode : 500;
}

/** For what Node's parser refuses and for clients that take too long. */
function answerClientError(error: ConnectionError, socket: Socket, response: ServerResponse | undefined): void {
  // A response that has begun must not be followed by another.
  if (!socket.writable || response?.headersSent) {
    socket.destroy();
    return;
  }
  const code = codeOf(error);
  const status = code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const body = `${STATUS_CODES[status]}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
