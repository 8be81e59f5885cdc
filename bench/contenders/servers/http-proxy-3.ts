/** An entry as its users would write it around http-proxy-3: look the prefix up, cut it off, `proxy.web`. */
import { readFileSync } from 'node:fs';
import { Agent, createServer } from 'node:http';
import { createProxyServer } from 'http-proxy-3';
import { serverArguments } from './arguments.ts';

const { port, backendPort, prefixesFile, keepAlive = false } = serverArguments();
const prefixes = new Set(JSON.parse(readFileSync(prefixesFile, 'utf8')) as string[]);
const proxy = createProxyServer({
  target: `http://127.0.0.1:${backendPort}`,
  xfwd: true,
  ...(keepAlive ? { agent: new Agent({ keepAlive: true, maxFreeSockets: 512 }) } : {}),
});
// Without a listener a broken WebSocket would end the process.
proxy.on('error', () => undefined);

const server = createServer((request, response) => {
  const path = upstreamPath(request.url);
  if (path === undefined) {
    response.writeHead(404).end();
  } else {
    request.url = path;
    proxy.web(request, response, {}, () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
  }
});
server.on('upgrade', (request, socket, head) => {
  request.url = upstreamPath(request.url) ?? '/';
  proxy.ws(request, socket, head);
});
server.listen({ host: '127.0.0.1', port, backlog: 4096 });

/** @returns undefined when no prefix has it */
function upstreamPath(url = '/'): string | undefined {
  const end = url.indexOf('/', 1);
  return end > 0 && prefixes.has(url.slice(0, end)) ? url.slice(end) : undefined;
}
