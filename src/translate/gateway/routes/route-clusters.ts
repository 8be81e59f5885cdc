/** The clusters that one route leads to. Pure. */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { isHostName } from '../../../formats/host-name.ts';
import type { Certificate } from '../../../model/certificate.ts';
import { type Balance, type Cluster, plainEndpoint } from '../../../model/cluster.ts';
import type { ClusterId } from '../../../model/route.ts';
import { PREFIX } from '../../../resources/annotation-prefix.ts';
import type { BackendRef, RouteKind } from '../../../resources/gateway/gateway-object.ts';
import { type AnnotationReader, readClusterSettings } from '../../cluster-settings.ts';
import type { Destination } from '../../destination.ts';
import { RefusalError } from '../../refusal-error.ts';
import { type RefFault, type ResolvedRef, resolveRef } from './backend-refs.ts';
import { readBackendSpeech } from './backend-speech.ts';
import type { RouteContext } from './route-context.ts';

const ONE_ADDRESS: Balance = { policy: 'service' };
const BY_ENDPOINTS: Balance = { policy: 'least-request' };

/** Where calls go that no backend may have: gRPC's clients have to see UNAVAILABLE, which 503 means to them. */
const INVALID_FOR_CALLS: Destination = {
  cluster: {
    id: 'gateway invalid-backend/grpc',
    name: 'gateway-invalid-backend',
    service: { namespace: '', name: 'gateway-invalid-backend' },
    balance: ONE_ADDRESS,
    maxRequests: 0,
    slowStartMs: 0,
  },
  endpoints: [],
  port: undefined,
};

/** Where other requests go that no backend may have: they get 500, as the Gateway API says. */
const INVALID_BACKEND: Destination = {
  ...INVALID_FOR_CALLS,
  cluster: { ...INVALID_FOR_CALLS.cluster, id: 'gateway invalid-backend', absentStatus: 500 },
};

/** What is the same for all connections to the clusters of a route. */
export interface Connections {
  /** Shown to endpoints that are spoken to over TLS and ask for one. */
  readonly certificate?: Certificate | undefined;
  /** Bytes of TLS are sent on as they are. */
  readonly arePassedThrough?: boolean;
}

/** Looks up what one route names, and gathers what was found and what is wrong. */
export class RouteClusters {
  readonly #route: { readonly kind: RouteKind; readonly namespace: string };
  readonly #context: RouteContext;
  readonly #connections: Connections;
  readonly #found = new Map<ClusterId, Destination>();
  readonly #faults = new Map<string, RefFault>();
  readonly #warnings = new Set<string>();

  constructor(
    route: { readonly kind: RouteKind; readonly namespace: string },
    context: RouteContext,
    connections: Connections = {},
  ) {
    this.#route = route;
    this.#context = context;
    this.#connections = connections;
  }

  get found(): readonly Destination[] {
    return [...this.#found.values()];
  }

  /** Why requests cannot be sent to some of what it names, each once. */
  get faults(): readonly RefFault[] {
    return [...this.#faults.values()];
  }

  /** What is wrong with annotations of the Services. */
  get warnings(): readonly { readonly reason: string; readonly message: string }[] {
    return [...this.#warnings].map(message => ({ reason: 'AnnotationIgnored', message }));
  }

  /** @returns undefined where no requests can be sent there: that has been noted */
  clusterOf(ref: BackendRef): Cluster | undefined {
    const destination = this.#destinationOf(ref);
    if ('reason' in destination) {
      this.#faults.set(destination.message, destination);
      return undefined;
    }
    return this.add(destination);
  }

  /** Of requests that no backend may have. */
  invalid(): Cluster {
    return this.add(this.#invalid);
  }

  add(destination: Destination): Cluster {
    const { cluster } = destination;
    this.#found.set(cluster.id, destination);
    return cluster;
  }

  get #invalid(): Destination {
    return this.#route.kind === 'GRPCRoute' ? INVALID_FOR_CALLS : INVALID_BACKEND;
  }

  #destinationOf(ref: BackendRef): Destination | RefFault {
    const resolved = resolveRef(ref, this.#route, this.#context);
    if ('reason' in resolved) return resolved;
    const { object, port } = resolved;
    const { namespace, name } = object.metadata;
    const service = { namespace, name };
    const reader = this.#readerOf(resolved);
    const { options } = this.#context;
    const { certificate, arePassedThrough = false } = this.#connections;
    const tls = arePassedThrough ? undefined : this.#context.backendTls(service, port);
    const speech = readBackendSpeech(this.#route.kind, resolved, tls, reader, options);
    if (speech === undefined) return this.#invalid;
    if ('reason' in speech) return speech;
    const spoken =
      certificate && speech.tls ? { ...speech, tls: { ...speech.tls, clientCertificate: certificate } } : speech;
    const { balance, ...settings } = readClusterSettings(object.spec, reader, {
      ...options,
      balance: options.balance === undefined || options.balance.policy === 'service' ? BY_ENDPOINTS : options.balance,
    });
    const cluster = (reached: Balance): Cluster => ({
      id: `gateway/${namespace}/${name}:${port.port}${speechKey(spoken)}`,
      name: `${namespace}-${name}-${port.port}`,
      ...{ service, balance: reached, ...settings, ...spoken },
    });
    if (object.spec.type === 'ExternalName') return this.#external(resolved, cluster(ONE_ADDRESS));
    const { clusterIP = '' } = object.spec;
    const endpoints = isIP(clusterIP) === 0 ? [] : [plainEndpoint({ address: clusterIP, port: port.port })];
    // A headless Service has no other address than those of its pods.
    const reached = balance.policy === 'service' && endpoints.length === 0 ? BY_ENDPOINTS : balance;
    return { cluster: cluster(reached), endpoints, port };
  }

  #external({ object, port }: ResolvedRef, cluster: Cluster): Destination | RefFault {
    const address = object.spec.externalName?.replace(/\.$/, '') ?? '';
    if (isHostName(address) && !/^localhost$|\.localhost$/i.test(address))
      return { cluster, endpoints: [plainEndpoint({ address, port: port.port })], port };
    const { namespace, name } = object.metadata;
    return { reason: 'BackendNotFound', message: `the externalName of ${namespace}/${name} is no host outside` };
  }

  /** Annotations that cannot be read count as absent here: they are no part of the route. */
  #readerOf({ object: { metadata } }: ResolvedRef): AnnotationReader {
    const { namespace, name, annotations = {} } = metadata;
    return {
      get: annotation =>
        Object.hasOwn(annotations, PREFIX + annotation) ? annotations[PREFIX + annotation] : undefined,
      attempt: read => {
        try {
          return read();
        } catch (error) {
          if (!(error instanceof RefusalError)) throw error;
          this.#warnings.add(`the Service ${namespace}/${name}: ${error.message}; it counts as absent`);
          return undefined;
        }
      },
      warn: () => undefined,
    };
  }
}

/** Connections that differ in what is spoken have clusters of their own. */
function speechKey({ protocol, tls }: Pick<Cluster, 'protocol' | 'tls'>): string {
  if (protocol === undefined) return '';
  if (tls === undefined) return `/${protocol}`;
  // A certificate does not show its key.
  const text = JSON.stringify({ ...tls, clientCertificate: tls.clientCertificate?.id });
  return `/${protocol}+${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}
