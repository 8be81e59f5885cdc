/** What stands behind the proxies for calls of gRPC: an nginx that answers from memory, with a message and trailers. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nginxConfiguration, startNginxProgram } from '../contenders/nginx.ts';
import type { Program } from '../support/program.ts';

/** As many bytes as a short message has with its head. What they say is nothing to a proxy. */
export const MESSAGE = 'a message of 25 bytes ...';

export function startGrpcBackend(folder: string, port: number, cpus: string): Program {
  const server = `
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  server {
    listen 127.0.0.1:${port} backlog=4096 http2;
    http2_max_concurrent_streams 1000;
    location / {
      default_type application/grpc;
      add_trailer grpc-status 0;
      return 200 '${MESSAGE}';
    }
  }`;
  writeFileSync(join(folder, 'nginx.conf'), nginxConfiguration(folder, server));
  return startNginxProgram('backend', folder, cpus);
}
