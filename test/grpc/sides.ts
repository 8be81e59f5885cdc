/** What is spoken on both sides of a proxy between a client and a server of gRPC: HTTP/2 in clear, or over TLS. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Cluster } from '../../src/model/cluster.ts';
import { scratchDirectory } from '../cli/cli-fixture.ts';
import type { ProxyDescription, ProxyUnderTest } from '../support/proxy-under-test.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';

export interface GrpcSides {
  /** Of the server and of the proxy, for localhost; undefined without TLS. */
  readonly certificate: SelfSigned | undefined;
  /** That certificate and its key; none without TLS. */
  readonly files: readonly string[];
  readonly cluster: Pick<Cluster, 'protocol' | 'tls'>;
  readonly tls: Pick<ProxyDescription, 'tls'>;
  proxyPort(proxy: ProxyUnderTest): number;
}

export async function grpcSides(t: TestContext, isTls: boolean): Promise<GrpcSides> {
  if (!isTls) {
    const cluster = { protocol: 'grpc' } as const;
    return { certificate: undefined, files: [], cluster, tls: {}, proxyPort: ({ address }) => address.port };
  }
  const certificate = selfSigned();
  const folder = await scratchDirectory(t);
  const files = [join(folder, 'tls.crt'), join(folder, 'tls.key')] as const;
  await Promise.all([writeFile(files[0], certificate.cert), writeFile(files[1], certificate.key)]);
  return {
    certificate,
    files,
    cluster: { protocol: 'grpcs', tls: { serverName: 'localhost', isVerified: true, ca: certificate.cert } },
    tls: { tls: { certificate } },
    proxyPort: ({ tlsAddress }) => tlsAddress.port,
  };
}
