/** What the policies of a Service lead to beside its own endpoints: other Services of its namespace, and hosts outside. Pure. */
import { type Cluster, plainCluster, plainEndpoint } from '../model/cluster.ts';
import { type ClusterId, type ServiceRef, serviceKey } from '../model/route.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import type { ServiceObject } from '../resources/service-object.ts';
import { type Destination, type DestinationOptions, type DestinationReader, readDestination } from './destination.ts';
import { RefusalError } from './refusal-error.ts';
import type { ServiceReference } from './service-reference.ts';

export interface ReferenceOptions {
  /** Looks other Services up; undefined for one that is not known. By default none is. */
  readonly services?: (service: ServiceRef) => ServiceObject | undefined;
}

/** Where warnings about references go. */
interface ReferenceReader {
  warn(reason: 'ServiceNotFound' | 'ServiceNotUsable' | 'PortNotChosen', message: string, field: string): void;
}

/** Looks up what the policies of one Service name, and gathers what was found. */
export class References {
  readonly #service: ServiceRef;
  readonly #reader: ReferenceReader;
  readonly #options: DestinationOptions & ReferenceOptions;
  readonly #found = new Map<ClusterId, Destination>();

  constructor(service: ServiceRef, reader: ReferenceReader, options: DestinationOptions & ReferenceOptions) {
    this.#service = service;
    this.#reader = reader;
    this.#options = options;
  }

  get found(): readonly Destination[] {
    return [...this.#found.values()];
  }

  /**
   * The cluster of another Service. It is balanced as that Service's own annotations say, and need not be exposed.
   * @param annotation the one that names it, without prefix
   * @returns undefined where there is none that can be sent to: a warning says so
   */
  toService(annotation: string, { name, port }: ServiceReference): ClusterId | undefined {
    const ref = { namespace: this.#service.namespace, name };
    const field = PREFIX + annotation;
    const object = this.#options.services?.(ref);
    if (object === undefined) {
      const advice = `create it, or name another one; --namespace and --selector must take it`;
      const message = `${field}: there is no Service ${serviceKey(ref)}: ${advice}. This policy waits until it is there`;
      this.#reader.warn('ServiceNotFound', message, field);
      return undefined;
    }
    const problems: string[] = [];
    const destination = readDestination(
      object,
      readerOf(object, port, {
        failed: problem => problems.push(problem),
        portNotChosen: what => {
          const message = `${field}: ${serviceKey(ref)}: ${what}; choose one, as in "${name}:8080"`;
          this.#reader.warn('PortNotChosen', message, field);
        },
      }),
      this.#options,
    );
    const [problem] = problems;
    if (problem === undefined && destination !== undefined) return this.#add(destination);
    const message = `${field}: the Service ${serviceKey(ref)} cannot be sent to: ${problem}. This policy waits until it can`;
    this.#reader.warn('ServiceNotUsable', message, field);
    return undefined;
  }

  /**
   * The cluster of a host that need not be a Service. Its name is looked up by the data plane, and `https` means a certificate that
   * is verified for it.
   * @param url absolute, of the scheme `http` or `https`
   */
  toUrl(url: URL): ClusterId {
    return this.#add(urlDestination(this.#service, url));
  }

  #add(destination: Destination): ClusterId {
    const { id } = destination.cluster;
    this.#found.set(id, destination);
    return id;
  }
}

/**
 * The cluster of a host that need not be a Service.
 * @param owner who names it: two owners that name one host share its connections, and nothing else
 * @param url absolute, of the scheme `http` or `https`
 * @param isVerified whether its certificate has to be valid
 */
export function urlDestination(owner: ServiceRef, { protocol, hostname, port }: URL, isVerified = true): Destination {
  const isSecure = protocol === 'https:';
  // An address of IPv6 stands in brackets.
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  const number = port === '' ? (isSecure ? 443 : 80) : Number(port);
  const name = `${protocol}//${hostname}:${number}`;
  const plain = plainCluster(`${serviceKey(owner)} ${name}${isVerified ? '' : ' unverified'}`, name, owner);
  const cluster: Cluster = isSecure ? { ...plain, protocol: 'https', tls: { serverName: address, isVerified } } : plain;
  return { cluster, endpoints: [plainEndpoint({ address, port: number })], port: undefined };
}

/** Reads the annotations of a Service that another one names: of its own faults, only those count that keep it from being sent to. */
function readerOf(
  { metadata: { annotations = {} } }: ServiceObject,
  port: string | undefined,
  told: { failed(problem: string): void; portNotChosen(what: string): void },
): DestinationReader {
  return {
    get: name => (name === 'port' && port !== undefined ? port : annotations[PREFIX + name]),
    attempt: read => {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof RefusalError)) throw error;
        told.failed(error.message);
        return undefined;
      }
    },
    // They are told to the one who exposes it.
    warn: () => undefined,
    portNotChosen: told.portNotChosen,
  };
}
