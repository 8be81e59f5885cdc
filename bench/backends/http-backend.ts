/** What stands behind the proxies for all but WebSockets: an nginx that answers from memory, so that it is never the slowest. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nginxConfiguration, startNginxProgram } from '../contenders/nginx.ts';
import type { Program } from '../support/program.ts';

export const MIB = 1024 * 1024;

/** Its paths. */
export const PATHS = {
  /** A short JSON answer. */
  small: '/small',
  /** 1 MiB. */
  large: '/large.bin',
  /** 1 MiB of JSON, as lists of objects are. */
  json: '/list.json',
  /** Reads the whole body, then answers with how many bytes the request had in all, head included. */
  sink: '/sink',
  /** Answers with the request as it came: method, target, and the headers that a proxy should send. */
  received: '/received',
  /** Reads the whole body, then answers with it. */
  echo: '/echo',
  /** 200 for who shows credentials, whatever they are, else 401. */
  auth: '/auth',
} as const;

export function startHttpBackend(folder: string, port: number, cpus: string): Program {
  writeFileSync(join(folder, PATHS.large), randomBytes(MIB));
  writeFileSync(join(folder, PATHS.json), listOfObjects(MIB));
  writeFileSync(join(folder, 'nginx.conf'), nginxConfiguration(folder, server(port)));
  return startNginxProgram('backend', folder, cpus);
}

/** JSON whose names repeat and whose values do not. */
function listOfObjects(bytes: number): string {
  let text = '[';
  for (let id = 1; text.length < bytes; id += 1) {
    const name = randomBytes(6).toString('base64url');
    text += `{"id":${id},"name":"${name}","state":"${id % 7 === 0 ? 'degraded' : 'healthy'}","used":${id * 7919}},`;
  }
  return text.slice(0, bytes);
}

/**
 * `return` alone answers before a body has been read. To mirror a request nginx must read it first; then it looks for a
 * file, and the error page for there being none is the answer.
 */
function server(port: number): string {
  return `
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  client_max_body_size 0;
  client_body_buffer_size 2m;
  default_type application/json;
  sendfile on;
  tcp_nopush on;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root .;
    location = ${PATHS.small} { return 200 '{"status":"ok","pools":[{"name":"rbd","size":3},{"name":"cephfs","size":2}]}'; }
    location ~ ^/s[0-9]+${PATHS.small}$ { rewrite ^ ${PATHS.small} last; }
    location = ${PATHS.json} { }
    location = ${PATHS.large} { default_type application/octet-stream; }
    location = ${PATHS.sink} { mirror /discard; error_page 404 =200 /length; }
    location = ${PATHS.echo} { mirror /discard; error_page 404 =200 /body; }
    location = ${PATHS.auth} { if ($http_authorization = '') { return 401; } return 200 ''; }
    location = /discard { internal; return 204; }
    location = /length { internal; return 200 $request_length; }
    location = /body { internal; return 200 $request_body; }
    location ${PATHS.received} {
      return 200 '$request_method $request_uri\\n$http_host\\n$http_x_forwarded_for\\n$http_x_bench\\n';
    }
  }`;
}
