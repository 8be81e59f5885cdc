/** The admin server: status and configuration on a unix socket, as ingress-nginx 0.25 has it. */
import type { FastifyInstance } from 'fastify';
import type { ControlPlane } from '../control/control-plane.ts';
import type { CounterBoard } from '../observe/counter-board.ts';
import type { Logger } from '../observe/logger.ts';
import { type AppLimits, createApp, readOnlyRoute, sendText } from './app.ts';
import { addConfigurationRoutes } from './configuration-routes.ts';
import { SocketFile } from './socket-file.ts';
import { addStatusRoutes } from './status-routes.ts';
import { addTableRoutes } from './table-routes.ts';

export interface AdminServerOptions {
  readonly control: ControlPlane;
  /** Gives /nginx_status; gets a region for this server's own connections. */
  readonly board: CounterBoard;
  readonly logger: Logger;
  readonly limits?: AppLimits;
}

export class AdminServer {
  readonly #app: FastifyInstance;
  readonly #file: SocketFile;

  private constructor(app: FastifyInstance, file: SocketFile) {
    this.#app = app;
    this.#file = file;
  }

  /**
   * Starts to listen.
   * @param path of the unix socket; a file that a dead process left there is replaced
   * @throws UnavailableError when it cannot listen there
   */
  static async listen(path: string, { control, board, ...rest }: AdminServerOptions): Promise<AdminServer> {
    const app = createApp({ ...rest, counters: board.addAdminRegion() });
    addStatusRoutes(app, board, control);
    addConfigurationRoutes(app, control);
    addTableRoutes(app, board, control);
    app.route({ method: app.supportedMethods, url: '/healthz', handler: async (_request, reply) => reply.send() });
    readOnlyRoute(app, '/is-dynamic-lb-initialized', async (_request, reply) =>
      control.isInitialised ? sendText(reply, 200, 'OK\n') : sendText(reply, 500, 'Internal Server Error\n'),
    );
    try {
      return new AdminServer(app, await SocketFile.bind(path, bound => app.listen({ path: bound })));
    } catch (error) {
      await app.close();
      throw error;
    }
  }

  /** Removes the socket file, unless it is another process's by now, and ends every connection. */
  async close(): Promise<void> {
    await this.#file.remove();
    await this.#app.close();
  }
}
