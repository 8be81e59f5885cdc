/** nginx twice: with the template of nginx-kit, which kube-entry replaces, and tuned as an expert would have it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from '../support/program.ts';
import type { CertificateFiles, Contender, ProxySetup, RunningProxy } from './contender.ts';
import { installedVersion } from './installed.ts';

type WriteServer = (setup: ProxySetup) => string;

export const nginxKit = nginx({ name: 'nginx-kit', title: 'nginx of nginx-kit', upstreamPath: '//x' }, kit);
export const nginxTuned = nginx(
  { name: 'nginx-tuned', title: 'nginx, tuned', upstreamPath: '/x', hasPolicies: true },
  tuned,
);

function nginx(about: Omit<Contender, 'version' | 'start'>, writeServer: WriteServer): Contender {
  return {
    ...about,
    version: () => installedVersion('nginx', ['-v'], /nginx\/(\S+)/),
    start: setup => startNginx(about.name, setup, writeServer),
  };
}

function startNginx(name: string, setup: ProxySetup, writeServer: WriteServer): RunningProxy {
  const file = join(setup.folder, 'nginx.conf');
  const write = (more: readonly string[]): void => {
    const server = writeServer({ ...setup, prefixes: [...setup.prefixes, ...more] });
    writeFileSync(file, nginxConfiguration(setup.folder, server));
  };
  for (const [name, text] of Object.entries(setup.policy?.files ?? {})) writeFileSync(join(setup.folder, name), text);
  write([]);
  const program = startNginxProgram(name, setup.folder, setup.cpus);
  return {
    program,
    async changePrefixes(more) {
      write(more);
      // What `nginx -s reload` sends.
      program.signal('SIGHUP');
    },
  };
}

/** @param folder holds its nginx.conf */
export function startNginxProgram(name: string, folder: string, cpus: string): Program {
  const command = ['nginx', '-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')] as const;
  return new Program({ name, command: [...command], cpus, folder });
}

/** One worker and everything in one folder, around what goes into the `http` block. */
export function nginxConfiguration(folder: string, http: string): string {
  mkdirSync(join(folder, 'temp'), { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(kind => `${kind}_temp_path temp/${kind};`);
  return `daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log crit;
events { worker_connections 16384; }
http {
  ${temporary.join('\n  ')}
${http}
}
`;
}

/** It says nothing of HTTP's version or of kept connections: HTTP/1.0, and a connection for each request. */
function kit({ port, prefixes, backendPort, accessLog }: ProxySetup): string {
  return `
  access_log ${accessLog ?? 'off'};
  server {
    listen 127.0.0.1:${port} backlog=4096;
    ${prefixes.map(prefix => `location ${prefix} { proxy_pass http://127.0.0.1:${backendPort}/;${KIT_HEADERS} }`).join('\n    ')}
  }`;
}

const KIT_HEADERS = `
      proxy_redirect off;
      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`;

/**
 * HTTP/1.1 on kept connections, a buffered log, WebSockets, bodies sent on as they come and through larger buffers than
 * the default, which would cost it more than twice the CPU for a large answer. Like nginx-kit it sets three
 * headers, where kube-entry sets seven.
 */
function tuned(setup: ProxySetup): string {
  const { port, prefixes, backendPort, accessLog, isHttp2 = false, isGrpc = false, certificate, policy } = setup;
  const pass = isGrpc ? 'grpc_pass grpc://backend;' : 'proxy_pass http://backend/;';
  return `
  access_log ${accessLog === undefined ? 'off' : `${accessLog} combined buffer=64k flush=1s`};
  keepalive_requests ${isHttp2 ? 100_000_000 : 10_000};
  client_body_buffer_size 64k;
  map $http_upgrade $upstream_connection { default upgrade; '' ''; }
  ${policy?.http ?? ''}
  upstream backend {
    server 127.0.0.1:${backendPort};
    keepalive 512;
    keepalive_requests ${isGrpc ? 100_000_000 : 10_000};
  }
  server {
    listen 127.0.0.1:${port} backlog=4096${certificate ? ' ssl' : ''}${isHttp2 ? ' http2' : ''};
    ${certificate ? tlsOf(certificate) : ''}
    proxy_http_version 1.1;
    proxy_request_buffering off;
    proxy_buffers 16 32k;
    proxy_max_temp_file_size 0;
    proxy_redirect off;
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $upstream_connection;
    ${policy?.server ?? ''}
    ${prefixes.map(prefix => `location ${prefix}/ { ${policy?.location ?? ''} ${pass} }`).join('\n    ')}
  }`;
}

/** Tickets are on unless something else is said. */
function tlsOf({ certificate, key }: CertificateFiles): string {
  return `ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.2 TLSv1.3;`;
}
