import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from '../support/program.ts';
import type { Contender, ProxySetup } from './contender.ts';
import { installedVersion } from './installed.ts';

export const haproxy: Contender = {
  name: 'haproxy',
  title: 'HAProxy',
  upstreamPath: '/x',
  version: () => installedVersion('haproxy', ['-v'], /version (\S+)/),
  start(setup) {
    const { folder, prefixes, accessLog, cpus } = setup;
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(join(folder, 'prefixes.map'), prefixes.map(prefix => `${prefix}/ backend\n`).join(''));
    writeFileSync(file, configuration(setup));
    const output = accessLog === undefined ? {} : { outputTo: accessLog };
    return {
      program: new Program({ name: 'haproxy', command: ['haproxy', '-db', '-f', file], cpus, folder, ...output }),
    };
  },
};

/** Its log can only go to a socket or a descriptor: standard output, which leads to the file. */
function configuration(setup: ProxySetup): string {
  const { folder, port, backendPort, accessLog, isHttp2 = false, isGrpc = false, certificate } = setup;
  const clear = isHttp2 ? ' proto h2' : '';
  return `global
  nbthread 1
  maxconn 16384
  # It counts two descriptors for each connection, and would not start where fewer are to be had.
  no strict-limits
  ${accessLog === undefined ? '' : 'log stdout format raw local0'}

defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 60s
  timeout tunnel 60s
  timeout http-keep-alive 75s
  http-reuse always
  ${accessLog === undefined ? '' : 'log global\n  option httplog'}

frontend entry
  bind 127.0.0.1:${port} backlog 4096${certificate ? ` ssl crt ${certificate.both} alpn h2,http/1.1` : clear}
  http-request deny deny_status 404 unless { path,map_beg(${folder}/prefixes.map) -m found }
  http-request set-path %[path,regsub(^/[^/]+,)]
  option forwardfor
  http-request set-header X-Real-IP %[src]
  default_backend backend

backend backend
  server backend 127.0.0.1:${backendPort} pool-max-conn -1${isGrpc ? ' proto h2' : ''}
`;
}
