/** Where requests to a Service go: its port, how it is balanced and spoken to, its ClusterIP. Pure. */
import { isIP } from 'node:net';
import { isHostName } from '../formats/host-name.ts';
import { type Cluster, type ClusterEndpoint, type Endpoint, plainEndpoint } from '../model/cluster.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import { isPortNumber, type ServiceObject, type ServicePort } from '../resources/service-object.ts';
import { quote } from '../text/quote.ts';
import { type AnnotationReader, type ClusterOptions, readClusterSettings } from './cluster-settings.ts';
import { RefusalError } from './refusal-error.ts';
import type { TlsOptions } from './tls-options.ts';
import { readUpstreamSpeech } from './tls-upstream.ts';

export interface DestinationOptions extends ClusterOptions, TlsOptions {
  readonly allowExternalName: boolean;
  /** A Service may have no ClusterIP yet, as in most manifests: the API server gives it one. */
  readonly awaitsClusterIP?: boolean;
}

/** A cluster that routes or policies lead to, and where it is while nothing better is known of its endpoints. */
export interface Destination {
  readonly cluster: Cluster;
  readonly endpoints: readonly ClusterEndpoint[];
  /** The port of the Service; undefined for a host that is no Service. */
  readonly port: ServicePort | undefined;
}

export interface DestinationReader extends AnnotationReader {
  /** None of its ports was chosen, and one had to be taken. @param what says which, without advice */
  portNotChosen(what: string): void;
}

/** So many ports are named to someone who asks for another. */
const MAX_NAMED_PORTS = 20;

/**
 * @param reader its annotations; `port` among them chooses the port
 * @param endpoints where the traffic goes instead of the ClusterIP (pushed backends name their own)
 * @returns undefined where something is wrong: the reader has been told
 */
export function readDestination(
  object: ServiceObject,
  reader: DestinationReader,
  options: DestinationOptions,
  endpoints?: readonly Endpoint[],
): Destination | undefined {
  const { name, namespace } = object.metadata;
  const { get, attempt } = reader;
  const port = attempt(() => choosePort(object, get('port'), what => reader.portNotChosen(what)));
  const settings = readClusterSettings(object.spec, reader, options);
  const speech = readUpstreamSpeech(object, port, reader, options);
  const usesClusterIP = endpoints === undefined && settings.balance.policy === 'service';
  const address = usesClusterIP ? attempt(() => addressOf(object, options)) : clusterIPOf(object);
  if (port === undefined || address === undefined) return undefined;
  const targets = endpoints ?? (address === '' ? [] : [{ address, port: port.port }]);
  return {
    cluster: {
      id: `${namespace}/${name}:${port.port}`,
      name: `${namespace}-${name}-${port.port}`,
      service: { namespace, name },
      ...settings,
      ...speech,
    },
    endpoints: targets.map(plainEndpoint),
    port,
  };
}

/** The annotated port, else the one named `http`, else the only one, else the first, with a warning. */
function choosePort({ spec }: ServiceObject, wanted: string | undefined, warn: (what: string) => void): ServicePort {
  const ports = (spec.ports ?? []).filter(port => (port.protocol ?? 'TCP') === 'TCP');
  if (wanted !== undefined) {
    const value = wanted.trim();
    const found = ports.find(port => port.name === value) ?? ports.find(port => String(port.port) === value);
    if (found !== undefined) return found;
    const number = Number(value);
    // An ExternalName Service lists its ports only if it wants to.
    if (spec.type === 'ExternalName' && ports.length === 0 && isPortNumber(number)) return { port: number };
    const named = ports.slice(0, MAX_NAMED_PORTS).map(({ name, port }) => (name ? `${port} (${name})` : `${port}`));
    if (ports.length > MAX_NAMED_PORTS) named.push(`${ports.length - MAX_NAMED_PORTS} more`);
    const known = named.join(', ');
    const annotation = `${PREFIX}port`;
    throw new RefusalError(
      'UnknownPort',
      `${annotation}: the Service has no TCP port ${quote(value)}; it has ${known === '' ? 'none' : known}`,
      annotation,
    );
  }
  const [first, ...others] = ports;
  if (first === undefined) {
    if (spec.type === 'ExternalName') return { port: 80 };
    throw new RefusalError('NoPort', 'the Service has no TCP port');
  }
  const named = ports.find(port => port.name === 'http');
  if (named !== undefined || others.length === 0) return named ?? first;
  warn(`the Service has ${ports.length} TCP ports and none is named http: ${first.port} is taken`);
  return first;
}

/** Of a Service whose endpoints are asked for: where it is served while they cannot be read. Empty without one. */
function clusterIPOf({ spec: { clusterIP = '' } }: ServiceObject): string {
  return isIP(clusterIP) === 0 ? '' : clusterIP;
}

/** Empty while it has none yet. @throws RefusalError */
function addressOf({ spec }: ServiceObject, { allowExternalName, awaitsClusterIP }: DestinationOptions): string {
  if (spec.type === 'ExternalName') {
    if (!allowExternalName) {
      throw new RefusalError(
        'ExternalNameNotAllowed',
        'ExternalName Services are served only with --allow-external-name: they let anyone who may edit a Service point the entry at any host',
      );
    }
    const name = spec.externalName ?? '';
    if (!isHostName(name))
      throw new RefusalError('BadExternalName', `spec.externalName ${quote(name)} is not a host name`);
    return name;
  }
  const clusterIP = spec.clusterIP ?? '';
  if (clusterIP === 'None') {
    throw new RefusalError(
      'HeadlessService',
      `the Service is headless (clusterIP: None) and has no ClusterIP to send to: write ${PREFIX}balance: least-request to send to its pods`,
    );
  }
  if (clusterIP === '' && awaitsClusterIP === true) return '';
  if (isIP(clusterIP) === 0) {
    const state =
      clusterIP === '' ? 'the Service has no ClusterIP' : `clusterIP ${quote(clusterIP)} is not an IP address`;
    throw new RefusalError(
      'NoClusterIP',
      `${state}: the API server gives one to Services of type ClusterIP, NodePort and LoadBalancer`,
    );
  }
  return clusterIP;
}
