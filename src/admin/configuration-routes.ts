/** `/configuration/*` as ingress-nginx 0.25's configuration.lua answers it. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { FormatError, messageOf } from '../errors.ts';
import { sendText, targetOf } from './app.ts';
import type { ControlPlane } from './control-plane.ts';

const PREFIX = '/configuration';
const BACKENDS = '/configuration/backends';
const GENERAL = '/configuration/general';

export function addConfigurationRoutes(app: FastifyInstance, control: ControlPlane): void {
  // The method is judged before the path, and the path as it was written: a query or an escape makes it another one.
  app.addHook('onRequest', async (request, reply) => {
    const target = targetOf(request);
    if (!target.startsWith(PREFIX)) return undefined;
    if (request.method !== 'GET' && request.method !== 'POST') {
      return sendText(reply, 400, 'Only POST and GET requests are allowed!');
    }
    return target === BACKENDS || target === GENERAL ? undefined : sendText(reply, 404, 'Not found!');
  });

  app.get(BACKENDS, async (_request, reply) => reply.type('application/json').send(control.backends()));
  app.post(BACKENDS, async (request, reply) => {
    await control.pushBackends(bodyText(request));
    return reply.code(201).send();
  });

  app.get(GENERAL, async (_request, reply) =>
    reply.type('application/json').send(JSON.stringify({ controllerPodsCount: 1, ...control.general() })),
  );
  app.post(GENERAL, async (request, reply) => {
    await control.pushGeneral(parseJson(bodyText(request)));
    return reply.code(201).send();
  });
}

function bodyText({ body }: FastifyRequest): string {
  if (!(body instanceof Uint8Array)) return '';
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new FormatError('the body is not UTF-8');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(`the body is not JSON: ${messageOf(error)}`);
  }
}
