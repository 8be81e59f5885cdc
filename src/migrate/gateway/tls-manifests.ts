/** What Ingresses say of TLS behind the entry: connections that Services decrypt, and certificates of Services. Pure. */
import { type ClusterId, type ServiceRef, serviceKey } from '../../model/route.ts';
import type { Destination } from '../../translate/destination.ts';
import type { HostTranslation } from '../../translate/ingress/ingress-translator.ts';
import type { ListenerPlan } from './listener-plan.ts';
import { type Manifest, manifest } from './manifests.ts';
import type { Remarks } from './remarks.ts';

/** Of a host whose Service has the certificate. */
export function tlsRoute(
  host: string,
  { tls, owner }: HostTranslation,
  destinations: ReadonlyMap<ClusterId, Destination>,
  plan: ListenerPlan,
  remarks: Remarks,
): Manifest[] {
  const { service, port } = serviceOf(destinations.get(tls?.passthrough ?? ''));
  const { ingress } = owner;
  if (service === undefined || port === undefined) {
    const reason = `no TLSRoute for ${host} is written: the port of its Service is not known`;
    remarks.say(ingress, { names: ['ssl-passthrough'], verdict: 'refused', reason });
    return [];
  }
  return [
    manifest('TLSRoute', ingress, {
      parentRefs: [plan.parentOf(host, 'https', ingress.namespace)],
      hostnames: [host],
      rules: [{ backendRefs: [{ name: service.name, port }] }],
    }),
  ];
}

function serviceOf(destination: Destination | undefined) {
  return { service: destination?.cluster.service, port: destination?.port?.port };
}

/** What is verified of Services that speak TLS. */
export function backendTlsManifests(
  clusters: readonly { readonly destination: Destination; readonly ingress: ServiceRef }[],
  remarks: Remarks,
): Manifest[] {
  const perService = Map.groupBy(clusters, ({ destination }) => serviceKey(destination.cluster.service));
  return clusters.flatMap(({ destination: { cluster, port }, ingress }) => {
    const { service, tls } = cluster;
    if (tls?.clientCertificate !== undefined) {
      const reason = 'no certificate is shown to the pods: in the Gateway API, a Gateway has one for all its backends';
      const mend = 'name the Secret in spec.tls.backend.clientCertificateRef of the Gateway';
      remarks.say(ingress, { names: ['proxy-ssl-secret'], verdict: 'unsupported', reason, mend });
    }
    if (tls === undefined || !tls.isVerified) return [];
    const { namespace, name } = service;
    const configMap = `${name}-ca`;
    const { ca = '' } = tls;
    if (ca === '') {
      const reason = `the authority of ${name} is not in the dump: the BackendTLSPolicy reads it from the ConfigMap ${configMap}`;
      const mend = `kubectl --namespace ${namespace} create configmap ${configMap} --from-file=ca.crt`;
      remarks.say(ingress, { names: ['proxy-ssl-secret'], verdict: 'unsupported', reason, mend });
    }
    const sectionName = port?.name;
    const isOnly = perService.get(serviceKey(service))?.length === 1;
    const policy = isOnly ? service : { namespace, name: `${name}-${port?.port ?? 'tls'}` };
    return [
      ...(ca === '' ? [] : [caConfigMap(namespace, configMap, ca)]),
      manifest('BackendTLSPolicy', policy, {
        targetRefs: [{ group: '', kind: 'Service', name, ...(sectionName && { sectionName }) }],
        validation: {
          caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: configMap }],
          hostname: tls.serverName,
        },
      }),
    ];
  });
}

function caConfigMap(namespace: string, name: string, pem: string): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { 'ca.crt': pem } };
}
