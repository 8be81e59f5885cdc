import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nginxConfiguration, nginxTuned, startNginxProgram } from '../../contenders/nginx.ts';
import { type Balancer, type BalancerSetup, PREFIX } from './balancer.ts';

export const nginx = toPods('nginx', 'nginx, random two least_conn', Number.POSITIVE_INFINITY);
export const nginxToOne = toPods('nginx-to-one', 'nginx, one pod', 1);

/** @param pods how many of the pods it sends requests to */
function toPods(name: string, title: string, pods: number): Balancer {
  return {
    name,
    title,
    version: () => nginxTuned.version(),
    start(setup) {
      writeFileSync(join(setup.folder, 'nginx.conf'), nginxConfiguration(setup.folder, server(setup, pods)));
      return startNginxProgram(name, setup.folder, setup.cpus);
    },
  };
}

/** What `proxy_next_upstream` names is tried elsewhere, and counted: by default one such failure ejects for ten seconds. */
function server({ port, pods }: BalancerSetup, count: number): string {
  return `
  access_log off;
  keepalive_requests 10000;
  upstream pods {
    zone pods 256k;
    random two least_conn;
    ${pods.addresses
      .slice(0, count)
      .map(address => `server ${address}:${pods.port};`)
      .join('\n    ')}
    keepalive 512;
    keepalive_requests 10000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    proxy_http_version 1.1;
    proxy_set_header Connection '';
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_next_upstream error timeout http_502 http_503 http_504;
    location ${PREFIX}/ { proxy_pass http://pods/; }
  }`;
}
