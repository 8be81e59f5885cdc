/** The status listener: the dashboard, probes and metrics over TCP. Nothing can be changed through it. */
import type { FastifyInstance } from 'fastify';
import type { ObservedControlPlane } from '../control/control-plane.ts';
import { stalenessOf } from '../control/staleness.ts';
import { UnavailableError } from '../errors.ts';
import { formatListenAddress, type ListenAddress } from '../formats/listen-address.ts';
import type { CounterBoard } from '../observe/counter-board.ts';
import { listenProblem } from '../observe/listening-sockets.ts';
import type { Logger } from '../observe/logger.ts';
import { type AppLimits, createApp, readOnlyRoute, sendText } from './app.ts';
import { addDashboard } from './dashboard/dashboard.ts';
import { addStatusRoutes } from './status-routes.ts';
import { workerLines } from './worker-lines.ts';

/** Connections that wait to be accepted. As many as the system allows: with the usual 511, a burst would make probes wait. */
const BACKLOG = 65_535;

export interface StatusServerOptions {
  readonly control: ObservedControlPlane;
  /** Gives /nginx_status; gets a region for this server's own connections. */
  readonly board: CounterBoard;
  readonly logger: Logger;
  readonly limits?: AppLimits;
  /** Whether it shows the page, which names routes and Services of all namespaces. */
  readonly dashboard: boolean;
}

export class StatusServer {
  /** Where it listens, with the port the system chose for port 0. */
  readonly address: ListenAddress;
  readonly #app: FastifyInstance;

  private constructor(app: FastifyInstance, address: ListenAddress) {
    this.#app = app;
    this.address = address;
  }

  /** Starts to listen. @throws UnavailableError when it cannot */
  static async listen(address: ListenAddress, options: StatusServerOptions): Promise<StatusServer> {
    const { control, board, dashboard, ...rest } = options;
    const app = createApp({ ...rest, counters: board.addAdminRegion() });
    addStatusRoutes(app, board, control);
    if (dashboard) addDashboard(app, { control, board, logger: options.logger });
    readOnlyRoute(app, '/healthz', async (_request, reply) => {
      const workers = control.workers();
      // The supervisor replaces a worker that hangs. Restarting the pod helps only where that has failed.
      return sendText(reply, workers.some(({ answers }) => answers === 'never') ? 503 : 200, workerLines(workers));
    });
    readOnlyRoute(app, '/readyz', async (_request, reply) => {
      const obstacle = unreadiness(control);
      if (obstacle !== undefined) return sendText(reply, 503, `not ready: ${obstacle}\n`);
      const remarks = workerLines(control.workers());
      const stale = stalenessOf(control.source(), Date.now());
      if (stale === undefined) return sendText(reply, 200, `ready\n${remarks}`);
      // Stale routes are better than none: a failing probe would take the last pod out of the Service.
      reply.header('kube-entry-stale-since', stale.since);
      return sendText(reply, 200, `ready\nstale since ${stale.since}: ${stale.reason}\n${remarks}`);
    });
    try {
      await app.listen({ ...address, backlog: BACKLOG });
    } catch (error) {
      await app.close();
      throw unavailable(address, error);
    }
    const bound = app.server.address();
    return new StatusServer(
      app,
      typeof bound === 'object' && bound !== null ? { ...address, port: bound.port } : address,
    );
  }

  /** Stops listening and ends every connection. */
  async close(): Promise<void> {
    await this.#app.close();
  }
}

function unreadiness(control: StatusServerOptions['control']): string | undefined {
  if (control.isDraining) return 'draining';
  if (!control.isInitialised) return 'the first route table is not loaded yet';
  const workers = control.workers();
  return workers.length > 0 && workers.every(({ answers }) => answers !== 'in time') ? 'no worker answers' : undefined;
}

function unavailable(address: ListenAddress, error: unknown): UnavailableError {
  const reason = listenProblem(address, error, '--status-listen');
  return new UnavailableError(`cannot listen on ${formatListenAddress(address)} for status requests: ${reason}`, {
    cause: error,
  });
}
