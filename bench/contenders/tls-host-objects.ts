/** Services with a host of their own each, all of them on one address, and a certificate for each host. */
import { tlsSecret } from '../../test/support/secrets.ts';
import { selfSigned } from '../../test/support/self-signed.ts';
import { service } from '../../test/support/services.ts';
import type { TlsHosts } from './contender.ts';

export function tlsHostObjects({ names, haveCertificates }: TlsHosts, backendPort: number): readonly object[] {
  const address = { host: '127.0.0.1', port: backendPort };
  return names.flatMap((host, index) => {
    const name = `s${index + 1}`;
    const route = { path: '/', host };
    if (!haveCertificates) return [service(name, { address, annotations: route })];
    return [
      service(name, { address, annotations: { ...route, 'tls-secret': name } }),
      tlsSecret(name, selfSigned({ names: [host] })),
    ];
  });
}
