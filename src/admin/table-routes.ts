/** `/routes`, `/explain`, `/endpoints` and `/certificates`: what is served, what is not, and why. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ControlPlane } from '../control/control-plane.ts';
import type { CounterBoard } from '../observe/counter-board.ts';
import { readOnlyRoute } from './app.ts';
import { viewCertificates } from './certificate-view.ts';
import { viewCluster } from './cluster-view.ts';
import { viewDiagnostic } from './diagnostic-view.ts';
import { queryParameter, viewQuery } from './explanation.ts';
import { viewRoute } from './route-view.ts';
import { stubStatus } from './stub-status.ts';

export function addTableRoutes(
  app: FastifyInstance,
  board: Pick<CounterBoard, 'sumOfWorkers'>,
  control: ControlPlane,
): void {
  readOnlyRoute(app, '/routes', async (_request, reply) => {
    const { table } = control;
    return sendJson(reply, {
      version: table.version,
      initialised: control.isInitialised,
      draining: control.isDraining,
      source: control.source(),
      connections: stubStatus(name => board.sumOfWorkers(name)),
      routes: [...table.routes()].map(route => viewRoute(route, control)),
      refusals: control.refusals().map(viewDiagnostic),
      warnings: control.warnings().map(viewDiagnostic),
      conflicts: control.conflicts(),
    });
  });
  readOnlyRoute(app, '/explain', async (request, reply) => sendJson(reply, viewQuery(request.query, control)));
  readOnlyRoute(app, '/endpoints', async (request, reply) => {
    const backend = queryParameter(request.query, 'backend');
    return sendJson(reply, [...control.observedClusters(backend)].map(viewCluster));
  });
  readOnlyRoute(app, '/certificates', async (_request, reply) =>
    sendJson(reply, viewCertificates(control.certificates.all())),
  );
}

export function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return reply.type('application/json').send(JSON.stringify(value));
}
