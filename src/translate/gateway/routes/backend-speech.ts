/** Which protocol is spoken to the endpoints of a Service that a route names. Pure. */
import type { Cluster, UpstreamProtocol } from '../../../model/cluster.ts';
import type { RouteKind } from '../../../resources/gateway/gateway-object.ts';
import { quote } from '../../../text/quote.ts';
import type { AnnotationReader } from '../../cluster-settings.ts';
import type { TlsOptions } from '../../tls-options.ts';
import { readUpstreamSpeech } from '../../tls-upstream.ts';
import type { RefFault, ResolvedRef } from './backend-refs.ts';
import type { BackendTls } from './route-context.ts';

type Speech = Pick<Cluster, 'protocol' | 'tls'>;

/** What is spoken in clear by a port with an `appProtocol`, in lower case. Websockets begin as HTTP/1.1. */
const IN_CLEAR: ReadonlyMap<string, 'http' | 'h2c' | 'grpc'> = new Map([
  ['', 'http'],
  ['http', 'http'],
  ['kubernetes.io/ws', 'http'],
  ['kubernetes.io/h2c', 'h2c'],
  ['h2c', 'h2c'],
  ['grpc', 'grpc'],
] as const);

/**
 * @param policy what a BackendTLSPolicy says of the port; undefined: none is about it
 * @returns undefined where no connection may be made: there is a policy, which cannot be obeyed
 */
export function readBackendSpeech(
  kind: RouteKind,
  { object, port }: ResolvedRef,
  policy: BackendTls | undefined,
  reader: AnnotationReader,
  options: TlsOptions,
): Speech | RefFault | undefined {
  const appProtocol = port.appProtocol?.toLowerCase() ?? '';
  if (policy !== undefined) {
    if ('fault' in policy) return undefined;
    return { protocol: overTls(kind, IN_CLEAR.get(appProtocol) ?? appProtocol), tls: policy.tls };
  }
  if (kind === 'TLSRoute') return {};
  if (reader.get('protocol') !== undefined) return readAnnotatedSpeech(kind, { object, port }, reader, options);
  const clear = IN_CLEAR.get(appProtocol);
  if (clear !== undefined) return inClear(kind, clear);
  const { name, namespace } = object.metadata;
  const advice =
    'give it a BackendTLSPolicy where it speaks TLS, else one of http, kubernetes.io/h2c and kubernetes.io/ws';
  const message = `port ${port.port} of the Service ${namespace}/${name} has the appProtocol ${quote(port.appProtocol ?? '')}, which is not served: ${advice}`;
  return { reason: 'UnsupportedProtocol', message };
}

/** The annotation of the Service beats its appProtocol. */
function readAnnotatedSpeech(
  kind: RouteKind,
  { object, port }: ResolvedRef,
  reader: AnnotationReader,
  options: TlsOptions,
): Speech {
  const { protocol, tls } = readUpstreamSpeech(object, port, reader, options);
  if (tls !== undefined) return { protocol: overTls(kind, protocol ?? ''), tls };
  return inClear(kind, protocol === 'h2c' || protocol === 'grpc' ? protocol : 'http');
}

function inClear(kind: RouteKind, speaks: 'http' | 'h2c' | 'grpc'): Speech {
  if (kind === 'GRPCRoute' || speaks === 'grpc') return { protocol: 'grpc' };
  return speaks === 'h2c' ? { protocol: 'h2c' } : {};
}

/** @param speaks an UpstreamProtocol, an appProtocol, or `http` */
function overTls(kind: RouteKind, speaks: string): UpstreamProtocol {
  if (kind === 'TLSRoute') return 'https';
  if (kind === 'GRPCRoute' || speaks === 'grpc' || speaks === 'grpcs') return 'grpcs';
  return speaks === 'h2c' || speaks === 'h2' ? 'h2' : 'https';
}
