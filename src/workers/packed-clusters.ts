/** Clusters on their way to the workers, as JSON that says all. */
import { isDeepStrictEqual } from 'node:util';
import { type Cluster, plainCluster, type UpstreamTls } from '../model/cluster.ts';
import type { PublishedCluster } from '../model/delta.ts';
import type { ClusterId } from '../model/route.ts';
import { type PackedCertificate, packCertificate, unpackCertificate } from './packed-certificates.ts';
import type { SharedValues } from './shared-values.ts';

type PackedTls = Omit<UpstreamTls, 'clientCertificate'> & { readonly clientCertificate: PackedCertificate };

/** One that shows a certificate to its endpoints, whose key JSON would hide. */
type PackedAuthenticated = Omit<PublishedCluster, 'cluster'> & {
  readonly cluster: Omit<Cluster, 'tls'>;
  readonly tls: PackedTls;
};

/** Of a plain cluster, what others may not have. */
type PackedPlain = readonly [id: ClusterId, name: string, namespace: string, service: string, counterBlock: number];

export type PackedCluster = PublishedCluster | PackedAuthenticated | PackedPlain;

export function packCluster(published: PublishedCluster, pieces: SharedValues<SharedArrayBuffer>): PackedCluster {
  const { cluster, counterBlock, slot } = published;
  const { id, name, service } = cluster;
  const isPlain = slot === undefined && isDeepStrictEqual(cluster, plainCluster(id, name, service));
  if (isPlain) return [id, name, service.namespace, service.name, counterBlock];
  const { tls, ...rest } = cluster;
  if (tls?.clientCertificate === undefined) return published;
  const clientCertificate = packCertificate(tls.clientCertificate, pieces);
  return { ...published, cluster: rest, tls: { ...tls, clientCertificate } };
}

export function unpackCluster(packed: PackedCluster, pieces: readonly SharedArrayBuffer[]): PublishedCluster {
  if ('tls' in packed) {
    const { tls, cluster, ...rest } = packed;
    const clientCertificate = unpackCertificate(tls.clientCertificate, pieces);
    return { ...rest, cluster: { ...cluster, tls: { ...tls, clientCertificate } } };
  }
  if ('cluster' in packed) return packed;
  const [id, name, namespace, service, counterBlock] = packed;
  return { cluster: plainCluster(id, name, { namespace, name: service }), counterBlock };
}
