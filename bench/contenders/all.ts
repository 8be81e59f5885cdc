import { caddy } from './caddy.ts';
import type { Contender } from './contender.ts';
import { haproxy } from './haproxy.ts';
import { node, wire } from './kube-entry.ts';
import { nginxKit, nginxTuned } from './nginx.ts';
import { fastifyHttpProxy, httpProxy3, httpProxy3KeepAlive } from './node-proxies.ts';

/** In the order of the report. */
export const CONTENDERS: readonly Contender[] = [
  wire,
  node,
  nginxTuned,
  nginxKit,
  haproxy,
  caddy,
  httpProxy3,
  httpProxy3KeepAlive,
  fastifyHttpProxy,
];

/** What every figure is compared with. */
export const REFERENCE = nginxTuned.name;
