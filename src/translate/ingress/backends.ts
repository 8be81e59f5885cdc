/** Where requests to the backend of an Ingress go. Pure. */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { isHostName } from '../../formats/host-name.ts';
import { type Balance, type Cluster, plainEndpoint } from '../../model/cluster.ts';
import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { IngressPort } from '../../resources/ingress-object.ts';
import type { ServiceObject, ServicePort } from '../../resources/service-object.ts';
import { quote } from '../../text/quote.ts';
import type { Destination } from '../destination.ts';
import type { IngressEffect } from './ingress-feature.ts';
import type { IngressOptions } from './ingress-options.ts';

/** A destination, and why no request can be sent to it; undefined: some can. */
export interface Backend {
  readonly destination: Destination;
  readonly problem: string | undefined;
}

const DEFAULT_BALANCE: Balance = { policy: 'least-request' };
const ONE_ADDRESS: Balance = { policy: 'service' };

/** Nothing of what Ingresses say of the spread of its requests counts. */
export const NAMED: BackendUse = { role: 'named' };

/** Answers 404 where no location does, as ingress-nginx's own default backend. */
export const DEFAULT_BACKEND: Destination = {
  cluster: {
    id: 'ingress upstream-default-backend',
    name: 'upstream-default-backend',
    service: { namespace: '', name: 'upstream-default-backend' },
    balance: ONE_ADDRESS,
    maxRequests: 0,
    slowStartMs: 0,
    absentStatus: 404,
  },
  endpoints: [],
  port: undefined,
};

/**
 * Names a Service and one of its ports: what is kept once, whichever Ingresses lead there. ingress-nginx puts hyphens between the parts, so
 * that `b-c` of the namespace `a` and `c` of the namespace `a-b` are one upstream there: what a tenant says of one counts for the other.
 */
export function upstreamKey(service: ServiceRef, port: string): string {
  return `${serviceKey(service)}:${port}`;
}

/** As ingress-nginx shows it. */
function upstreamName({ namespace, name }: ServiceRef, port: string): string {
  return `${namespace}-${name}-${port}`;
}

/** As it is written; empty where it is left out. */
export function portText({ name, number }: IngressPort): string {
  return name ?? (number === undefined ? '' : String(number));
}

/** What a Service is to those who send requests there. As each of these, it has a cluster of its own. */
export interface BackendUse extends Pick<IngressEffect, 'upstream' | 'speech'> {
  /** Absent: rules lead there. `named`: an annotation or a setting names it. `canary of …`: it takes requests of that upstream. */
  readonly role?: 'named' | `canary of ${string}`;
}

/**
 * @param wanted name or number of a port, of the Service or of its pods; undefined: its first one
 * @param object undefined where there is no such Service
 */
export function backendDestination(
  service: ServiceRef,
  wanted: string | undefined,
  object: ServiceObject | undefined,
  options: IngressOptions,
  { upstream = {}, speech = {}, role }: BackendUse = {},
): Backend {
  const { byClusterIP = false, balance = DEFAULT_BALANCE, ...settings } = upstream;
  const port = wanted ?? String(object?.spec.ports?.[0]?.port ?? '');
  const name = upstreamName(service, port);
  const cluster = (reached: Balance): Cluster => ({
    id: `ingress ${serviceKey(service)}:${port}${speechKey(speech)}${role === undefined ? '' : ` ${role}`}`,
    ...{ name, service, balance: reached, maxRequests: 0, slowStartMs: 0, ...settings, ...speech },
  });
  const absent = (problem: string): Backend => ({
    destination: { cluster: cluster(ONE_ADDRESS), endpoints: [], port: undefined },
    problem,
  });
  if (object === undefined)
    return absent(`there is no Service ${serviceKey(service)}: requests get 503 until there is`);
  const found = findPort(object, wanted);
  if (object.spec.type === 'ExternalName')
    return external(object, found?.port ?? Number(port), options, cluster, absent);
  if (found === undefined)
    return absent(`the Service ${serviceKey(service)} has no port ${quote(port)}: requests get 503`);
  const { clusterIP = '' } = object.spec;
  const endpoints = isIP(clusterIP) === 0 ? [] : [plainEndpoint({ address: clusterIP, port: found.port })];
  // A headless Service has no other address than those of its pods.
  const reached = byClusterIP && endpoints.length > 0 ? ONE_ADDRESS : balance;
  return { destination: { cluster: cluster(reached), endpoints, port: found }, problem: undefined };
}

function external(
  { spec: { externalName = '' } }: ServiceObject,
  port: number,
  { allowExternalName }: IngressOptions,
  cluster: (balance: Balance) => Cluster,
  absent: (problem: string) => Backend,
): Backend {
  const { service } = cluster(ONE_ADDRESS);
  if (!allowExternalName) {
    const why = 'is of type ExternalName, which is served only with --allow-external-name';
    return absent(`the Service ${serviceKey(service)} ${why}: requests get 503`);
  }
  const name = externalName.replace(/\.$/, '');
  if (!isHostName(name) || /^localhost(?:\.|$)|\.localhost$/i.test(name)) {
    return absent(
      `spec.externalName ${quote(externalName)} of ${serviceKey(service)} is no host outside: requests get 503`,
    );
  }
  if (!(port >= 1 && port <= 65_535)) {
    return absent(`the Service ${serviceKey(service)} is of type ExternalName: name its port by its number`);
  }
  const endpoints = [plainEndpoint({ address: name, port })];
  return { destination: { cluster: cluster(ONE_ADDRESS), endpoints, port: { port } }, problem: undefined };
}

/** ingress-nginx takes the number or the name of the Service's port, and those of the pods' port. */
function findPort({ spec }: ServiceObject, wanted: string | undefined): ServicePort | undefined {
  const ports = (spec.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');
  if (wanted === undefined) return ports[0];
  return ports.find(
    ({ port, name, targetPort }) => String(port) === wanted || name === wanted || String(targetPort) === wanted,
  );
}

/** Locations that speak otherwise to the same Service have connections of their own. */
function speechKey(speech: NonNullable<IngressEffect['speech']>): string {
  if (speech.protocol === undefined) return '';
  // A certificate does not show its key.
  const text = speech.tls && JSON.stringify({ ...speech.tls, clientCertificate: speech.tls.clientCertificate?.id });
  const tls = text === undefined ? '' : createHash('sha256').update(text).digest('hex');
  return ` ${speech.protocol}${tls === '' ? '' : ` ${tls.slice(0, 16)}`}`;
}
