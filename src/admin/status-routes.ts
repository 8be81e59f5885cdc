import type { FastifyInstance } from 'fastify';
import type { ControlPlane } from '../control/control-plane.ts';
import type { CounterBoard } from '../observe/counter-board.ts';
import { readOnlyRoute } from './app.ts';
import { MetricsAnswers } from './metrics-answers.ts';
import { formatStubStatus, stubStatus } from './stub-status.ts';

/** `/nginx_status` and `/metrics`, on the admin socket and on the status listener. */
export function addStatusRoutes(
  app: FastifyInstance,
  board: Pick<CounterBoard, 'sum'>,
  control: Pick<ControlPlane, 'metrics'>,
): void {
  readOnlyRoute(app, '/nginx_status', async (_request, reply) => {
    const status = formatStubStatus(stubStatus(name => board.sum(name)));
    // Without a charset, as nginx has it.
    return reply.header('content-type', 'text/plain').send(status);
  });
  const metrics = new MetricsAnswers(() => control.metrics());
  readOnlyRoute(app, '/metrics', async (request, reply) => metrics.answer(reply, request.method === 'HEAD'));
}
