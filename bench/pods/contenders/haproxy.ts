import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { haproxy as plain } from '../../contenders/haproxy.ts';
import { Program } from '../../support/program.ts';
import { type Balancer, type BalancerSetup, PREFIX } from './balancer.ts';

export const haproxy: Balancer = {
  name: 'haproxy',
  title: 'HAProxy, leastconn',
  version: () => plain.version(),
  start(setup) {
    const { folder, cpus } = setup;
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, configuration(setup));
    return new Program({ name: 'haproxy', command: ['haproxy', '-db', '-f', file], cpus, folder });
  },
};

/** It judges by what it sees only where there is an active check as well, which lets a server in again. */
function configuration({ port, pods }: BalancerSetup): string {
  return `global
  nbthread 1
  maxconn 16384
  no strict-limits

defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 60s
  timeout http-keep-alive 75s
  http-reuse always
  retries 3
  option redispatch 1

frontend entry
  bind 127.0.0.1:${port} backlog 4096
  http-request set-path %[path,regsub(^${PREFIX},)]
  option forwardfor
  http-request set-header X-Real-IP %[src]
  default_backend pods

backend pods
  balance leastconn
  option httpchk GET /small
  default-server check inter 2s fall 3 rise 2 observe layer7 error-limit 5 on-error mark-down pool-max-conn -1
  ${pods.addresses.map((address, index) => `server pod-${index} ${address}:${pods.port}`).join('\n  ')}
`;
}
