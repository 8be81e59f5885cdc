/** The objects of Kubernetes that a case stands for. */

import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { selfSigned } from '../support/self-signed.ts';
import type { CaseIngress, CasePath, IngressCase } from './case.ts';
import { CLASS_CONTROLLER, CONFIG_MAP, SECRET } from './names.ts';

const BORN = Date.parse('2026-01-01T00:00:00Z');

export function ingressObject(ingress: CaseIngress, index: number): object {
  const { name = `i${index + 1}`, namespace = 'default', host, paths, tls, annotations = {}, age = -index } = ingress;
  const rule = {
    ...(host !== undefined && { host }),
    ...(paths && { http: { paths: Object.entries(paths).map(([path, to]) => pathObject(path, to)) } }),
  };
  const hasRule = host !== undefined || paths !== undefined;
  const ingressClass = ingress.class === undefined ? 'nginx' : ingress.class;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name,
      namespace,
      creationTimestamp: new Date(BORN - age * 1000).toISOString().replace('.000', ''),
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [
          key.includes('/') ? key : `nginx.ingress.kubernetes.io/${key}`,
          `${value}`,
        ]),
      ),
    },
    spec: {
      ...(ingressClass !== null && { ingressClassName: ingressClass }),
      ...(hasRule && { rules: [rule] }),
      ...(ingress.default !== undefined && { defaultBackend: backendObject({ service: ingress.default }) }),
      ...(tls && { tls: [tlsObject(tls, host)] }),
    },
  };
}

function tlsObject(tls: NonNullable<CaseIngress['tls']>, host = ''): object {
  const { hosts, secret } = tls === true ? { hosts: [host], secret: SECRET } : tls;
  return { hosts, ...(secret !== undefined && { secretName: secret }) };
}

function pathObject(path: string, to: string | CasePath): object {
  const described = typeof to === 'string' ? { service: to } : to;
  return { path, pathType: described.type ?? 'Prefix', backend: backendObject(described) };
}

function backendObject({ service = '', port = 80, resource }: CasePath): object {
  if (resource) return { resource: { apiGroup: 'k8s.example', kind: 'Bucket', name: 'b' } };
  return { service: { name: service, port: typeof port === 'number' ? { number: port } : { name: port } } };
}

/** The Services that the Ingresses of a case name, as `namespace/name`. */
export function servicesOf({ ingresses, requests, services = {} }: IngressCase): string[] {
  const later = requests.flatMap(step => ('ingresses' in step ? (step.ingresses ?? []) : []));
  const named = [...ingresses, ...later].flatMap(({ namespace = 'default', paths = {}, default: fallback }) => {
    const names = Object.values(paths).map(to => (typeof to === 'string' ? to : (to.service ?? '')));
    return [...names, fallback ?? ''].filter(name => name !== '').map(name => `${namespace}/${name}`);
  });
  const further = Object.keys(services).map(fullName);
  return [...new Set([...named, ...further])];
}

export function fullName(name: string): string {
  return name.includes('/') ? name : `default/${name}`;
}

/** A Service with its pods. */
export function serviceObjects(
  key: string,
  pods: readonly ListenAddress[],
  { spec, annotations }: { readonly spec?: object | undefined; readonly annotations?: object | undefined },
): object[] {
  const [namespace = '', name = ''] = key.split('/');
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, ...(annotations && { annotations }) },
    spec: {
      type: 'ClusterIP',
      clusterIP: '127.0.0.1',
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
      ...spec,
    },
  };
  // Without a slice, the ClusterIP would count.
  const none = endpointSlice(name, { namespace, name: `${name}-none` });
  const slices = pods.map(({ host, port }, index) =>
    endpointSlice(name, {
      namespace,
      name: `${name}-${index}`,
      ports: [{ name: 'http', port, protocol: 'TCP' }],
      endpoints: [endpoint(host, `${name}-${index}`)],
    }),
  );
  return [service, none, ...slices];
}

/** The class, the ConfigMap and the certificate of every case, and the objects of its own. */
export function commonObjects({ config = {}, objects = [], ingresses }: IngressCase): object[] {
  const hasClass = objects.some(({ kind }) => kind === 'IngressClass');
  const ingressClass = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'nginx' },
    spec: { controller: CLASS_CONTROLLER },
  };
  const [namespace, name] = CONFIG_MAP.split('/');
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data: config };
  const namespaces = new Set(ingresses.filter(({ tls }) => tls === true).map(({ namespace: of = 'default' }) => of));
  const hosts = ingresses.flatMap(({ host }) => host ?? []);
  const secrets = [...namespaces].map(of => secretObject(of, hosts));
  return [...(hasClass ? [] : [ingressClass]), configMap, ...secrets, ...objects];
}

function secretObject(namespace: string, names: readonly string[]): object {
  const { cert, key } = selfSigned({ names });
  const data = { 'tls.crt': base64(cert), 'tls.key': base64(key) };
  return { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { namespace, name: SECRET }, data };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
