import { createHash } from 'node:crypto';
import type { Cluster } from '../../model/cluster.ts';
import type { PoolProtocol } from './upstream-pool.ts';

/** What all clusters speak that ask for nothing else. */
export const HTTP1_IN_CLEAR: PoolProtocol = { key: '', isHttp2: false, tls: undefined };
const HTTP2_IN_CLEAR: PoolProtocol = { key: 'h2c', isHttp2: true, tls: undefined };

/** How the endpoints of a cluster are spoken to: gRPC is HTTP/2. */
export function protocolOf(cluster: Pick<Cluster, 'protocol' | 'tls' | 'service'>): PoolProtocol {
  const { protocol, service } = cluster;
  switch (protocol) {
    case undefined:
      return HTTP1_IN_CLEAR;
    case 'h2c':
    case 'grpc':
      return HTTP2_IN_CLEAR;
    default: {
      const isHttp2 = protocol !== 'https';
      const tls = cluster.tls ?? { serverName: `${service.name}.${service.namespace}.svc`, isVerified: true };
      // A list of authorities may be long, and the key is part of each endpoint's.
      const trust = createHash('sha256').update(JSON.stringify(tls)).digest('base64');
      return { key: `${isHttp2 ? 'h2' : 'https'} ${trust}`, isHttp2, tls };
    }
  }
}
