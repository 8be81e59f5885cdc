/** An entry as its users would write it with @fastify/http-proxy: registered once for each prefix. */
import { readFileSync } from 'node:fs';
import httpProxy from '@fastify/http-proxy';
import Fastify from 'fastify';
import { serverArguments } from './arguments.ts';

const { port, backendPort, prefixesFile, accessLog } = serverArguments();
const prefixes = JSON.parse(readFileSync(prefixesFile, 'utf8')) as string[];

const app = Fastify({ logger: accessLog === undefined ? false : { file: accessLog } });
for (const prefix of prefixes) {
  app.register(httpProxy, {
    upstream: `http://127.0.0.1:${backendPort}`,
    prefix,
    websocket: true,
    replyOptions: {
      rewriteRequestHeaders: (request, headers) => ({
        ...headers,
        host: request.headers.host,
        'x-forwarded-for': request.socket.remoteAddress,
      }),
    },
  });
}
await app.listen({ host: '127.0.0.1', port, backlog: 4096 });
