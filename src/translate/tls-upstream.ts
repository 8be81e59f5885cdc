/** Which protocol the endpoints of a Service speak, as its annotations or its port say it. Pure. */
import { isHostName } from '../formats/host-name.ts';
import type { Cluster, UpstreamProtocol, UpstreamTls } from '../model/cluster.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import type { ServiceObject, ServicePort } from '../resources/service-object.ts';
import { notOneOf } from '../text/one-of.ts';
import { quote } from '../text/quote.ts';
import type { AnnotationName } from './annotation-names.ts';
import { readSwitch } from './annotations.ts';
import type { AnnotationReader } from './cluster-settings.ts';
import { badAnnotation, RefusalError } from './refusal-error.ts';
import { readSecretName, usableAuthorities } from './tls-authorities.ts';
import type { TlsOptions } from './tls-options.ts';

/** What a Service asks of connections to its endpoints. */
export type UpstreamSpeech = Pick<Cluster, 'protocol' | 'tls'>;

const WORDS = ['http', 'https', 'h2c', 'h2', 'grpc', 'grpcs'] as const;

/** Kubernetes' standard values of `appProtocol`, and the names that people write. Others say nothing to a proxy. */
const BY_APP_PROTOCOL: ReadonlyMap<string, UpstreamProtocol> = new Map([
  ['kubernetes.io/h2c', 'h2c'],
  ['h2c', 'h2c'],
  ['grpc', 'grpc'],
  ['grpcs', 'grpcs'],
  ['https', 'https'],
  ['kubernetes.io/wss', 'https'],
] as const);

const ABOUT_TLS = ['ca-secret', 'server-name', 'tls-verify'] as const;

/** Whether errors made here are those of gRPC. */
export function isGrpc(protocol: UpstreamProtocol | undefined): boolean {
  return protocol === 'grpc' || protocol === 'grpcs';
}

export function readUpstreamSpeech(
  object: ServiceObject,
  port: ServicePort | undefined,
  reader: AnnotationReader,
  options: TlsOptions,
): UpstreamSpeech {
  const { get, attempt, warn } = reader;
  const protocol = attempt(() => protocolOf(get('protocol'), port, options));
  if (protocol === undefined || !isOverTls(protocol)) {
    for (const name of ABOUT_TLS) {
      if (get(name) === undefined) continue;
      const field = PREFIX + name;
      warn('AnnotationWithoutEffect', `${field}: has no effect without ${PREFIX}protocol: https, h2 or grpcs`, field);
    }
    return protocol === undefined ? {} : { protocol };
  }
  const isVerified = attempt(() => readSwitch('tls-verify', get('tls-verify'), true)) ?? true;
  if (!isVerified) {
    const field = `${PREFIX}tls-verify`;
    const message = `${field}: the certificates of endpoints are not verified: anyone who takes over their addresses can read and change all requests`;
    warn('UpstreamNotVerified', message, field);
  }
  const serverName = attempt(() => serverNameOf(object, get('server-name'))) ?? '';
  const ca = attempt(() => authoritiesOf(object, get('ca-secret'), options));
  const tls: UpstreamTls = { serverName, ...(ca !== undefined && { ca }), isVerified };
  return { protocol, tls };
}

/** @returns undefined for HTTP/1.1 in clear @throws RefusalError */
function protocolOf(
  text: string | undefined,
  port: ServicePort | undefined,
  { engine }: TlsOptions,
): UpstreamProtocol | undefined {
  if (text === undefined) return engine === 'node' ? undefined : BY_APP_PROTOCOL.get(port?.appProtocol ?? '');
  const word = WORDS.find(known => known === text.trim());
  if (word === undefined) throw badAnnotation('protocol', notOneOf(text.trim(), WORDS));
  if (word === 'http') return undefined;
  if (engine !== 'node') return word;
  const field = `${PREFIX}protocol`;
  const message = `${field}: asks for ${word}, and --engine node speaks HTTP/1.1 in clear only: run --engine wire, or remove it`;
  throw new RefusalError('NeedsEngineWire', message, field);
}

function isOverTls(protocol: UpstreamProtocol): boolean {
  return protocol === 'https' || protocol === 'h2' || protocol === 'grpcs';
}

/** The name by which the cluster knows the Service, else the one of its own that it may bear outside. */
function serverNameOf({ metadata, spec }: ServiceObject, text: string | undefined): string {
  if (text !== undefined) {
    const name = text.trim().toLowerCase();
    if (isHostName(name)) return name;
    throw badAnnotation('server-name', `${quote(text)} is not a host name: write one, as in "api.example.com"`);
  }
  if (spec.type === 'ExternalName' && spec.externalName) return spec.externalName.toLowerCase();
  return `${metadata.name}.${metadata.namespace}.svc`;
}

/** @returns undefined for those that the system trusts @throws RefusalError */
function authoritiesOf(
  { metadata }: ServiceObject,
  text: string | undefined,
  { authorities }: TlsOptions,
): string | undefined {
  if (text === undefined) return undefined;
  const annotation: AnnotationName = 'ca-secret';
  const secret = readSecretName(annotation, text, metadata.namespace);
  return usableAuthorities(annotation, secret, authorities?.(secret)).pem;
}
