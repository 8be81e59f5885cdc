/** `/configuration/*` as ingress-nginx 0.25's configuration.lua answers it. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ControlPlane } from '../control/control-plane.ts';
import { FormatError, messageOf } from '../errors.ts';
import { parseJson } from '../formats/json.ts';
import { sendText, targetOf } from './app.ts';
import { viewBackend } from './backend-view.ts';

const PREFIX = '/configuration';
const BACKENDS = '/configuration/backends';
const GENERAL = '/configuration/general';

/** Many times the size of all settings together. */
const MAX_SETTINGS_BYTES = 256 * 1024;

export function addConfigurationRoutes(app: FastifyInstance, control: ControlPlane): void {
  // The method is checked before the path. The path is compared as the client wrote it: with a query or an escape it is unknown.
  app.addHook('onRequest', async (request, reply) => {
    const target = targetOf(request);
    if (!target.startsWith(PREFIX)) return undefined;
    if (request.method !== 'GET' && request.method !== 'POST') {
      return sendText(reply, 400, 'Only POST and GET requests are allowed!');
    }
    return target === BACKENDS || target === GENERAL ? undefined : sendText(reply, 404, 'Not found!');
  });

  app.get(BACKENDS, async (_request, reply) => reply.type('application/json').send(backendsBody(control)));
  app.post(BACKENDS, async (request, reply) => {
    await control.pushBackends(bodyText(request));
    return reply.code(201).send();
  });

  app.get(GENERAL, async (_request, reply) =>
    reply.type('application/json').send(JSON.stringify({ controllerPodsCount: 1, ...control.general() })),
  );
  app.post(GENERAL, { bodyLimit: MAX_SETTINGS_BYTES }, async (request, reply) => {
    await control.pushGeneral(jsonBody(request));
    return reply.code(201).send();
  });
}

/** Where only pushes count, the answer is the last push, byte for byte. */
function backendsBody(control: ControlPlane): string {
  return control.pushedBody ?? JSON.stringify(control.backends().map(viewBackend));
}

function jsonBody(request: FastifyRequest): unknown {
  const text = bodyText(request);
  try {
    return parseJson(text);
  } catch (error) {
    throw new FormatError(`the body ${messageOf(error)}`);
  }
}

function bodyText({ body }: FastifyRequest): string {
  if (!(body instanceof Uint8Array)) return '';
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new FormatError('the body is not UTF-8');
  }
}
