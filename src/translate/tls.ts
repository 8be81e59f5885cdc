/** What the annotations of a Service ask of the TLS port. Pure. */
import type { ServiceRef } from '../model/route.ts';
import type { ClientCertificatePolicy } from '../model/tls-host.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import type { SecretRef } from '../resources/secret-store.ts';
import { notOneOf } from '../text/one-of.ts';
import type { AnnotationName } from './annotation-names.ts';
import { readSwitch } from './annotations.ts';
import { clientCertificatePolicy } from './client-certificate-policy.ts';
import type { AnnotationReader } from './cluster-settings.ts';
import { badAnnotation, RefusalError } from './refusal-error.ts';
import { readSecretName, usableAuthorities } from './tls-authorities.ts';
import type { TlsOptions } from './tls-options.ts';

/** What a Service asks of the TLS port. */
export interface TlsSettings {
  /** Whether plain HTTP is sent to `https`. */
  readonly redirects: boolean;
  /** The Secret with the certificate of its hosts. */
  readonly secret?: SecretRef;
  readonly clientCertificate?: ClientCertificatePolicy;
  /** Its endpoints take the bytes of TLS as they are. */
  readonly isPassthrough: boolean;
}

/** With one of these a Service asks for something that plain HTTP does not give. */
const NEED_TLS = ['client-ca-secret', 'client-certificate', 'tls-passthrough'] as const;
const FOR_WATCHED = 'for Services of the Kubernetes API and of manifests';
const MODES = ['required', 'optional'] as const;

/** With one of these, a Service says something of the TLS port. */
const ABOUT_TLS = ['tls-secret', 'tls-redirect', ...NEED_TLS] as const;

/** @param hosts those of the Service; the empty one is any @returns undefined where it asks for nothing */
export function readTlsSettings(
  { namespace }: ServiceRef,
  hosts: readonly string[],
  reader: AnnotationReader,
  options: TlsOptions,
): TlsSettings | undefined {
  const { get, attempt } = reader;
  if (ABOUT_TLS.every(name => get(name) === undefined)) return undefined;
  attempt(() => assertTlsIsServed(reader, options));
  const redirects = attempt(() => readSwitch('tls-redirect', get('tls-redirect'), true)) ?? true;
  const isPassthrough = attempt(() => readSwitch('tls-passthrough', get('tls-passthrough'), false)) ?? false;
  const secretText = get('tls-secret');
  const secret =
    secretText === undefined ? undefined : attempt(() => readSecretName('tls-secret', secretText, namespace));
  const clientCertificate = attempt(() => readClientCertificate(namespace, get, options));
  const asks = { redirects, isPassthrough, ...(secret && { secret }), ...(clientCertificate && { clientCertificate }) };
  attempt(() => assertConsistent(asks, hosts));
  if (isPassthrough && secret !== undefined) withoutEffect(reader, `${PREFIX}tls-passthrough`);
  if (options.isPushed && isPassthrough) attempt(refusePassthrough);
  if (options.isPushed) withoutEffect(reader, `a pushed record: Secrets are read ${FOR_WATCHED}`, 'in');
  if (options.hasTlsPort === false) withoutEffect(reader, 'the setting tls-listen', 'without');
  return asks;
}

/** @throws RefusalError for what only a TLS port can give, where there is none */
function assertTlsIsServed({ get }: AnnotationReader, { engine, hasTlsPort = true }: TlsOptions): void {
  const names = engine === 'node' ? ABOUT_TLS : NEED_TLS;
  const name = names.find(one => get(one) !== undefined);
  if (name === undefined) return;
  const field = PREFIX + name;
  if (engine === 'node') {
    const message = `${field}: asks for TLS, which --engine node does not speak: run --engine wire, or remove it`;
    throw new RefusalError('NeedsEngineWire', message, field);
  }
  if (hasTlsPort) return;
  throw new RefusalError('NoTlsPort', `${field}: needs a TLS port: set tls-listen, or remove it`, field);
}

/** @throws RefusalError */
function readClientCertificate(
  namespace: string,
  get: AnnotationReader['get'],
  { authorities }: TlsOptions,
): ClientCertificatePolicy | undefined {
  const [text, modeText = 'required'] = [get('client-ca-secret'), get('client-certificate')];
  const mode = MODES.find(known => known === modeText.trim());
  if (mode === undefined) throw badAnnotation('client-certificate', notOneOf(modeText.trim(), MODES));
  if (text === undefined) {
    if (get('client-certificate') === undefined) return undefined;
    const advice = `needs ${PREFIX}client-ca-secret, which says who signs the certificates of clients`;
    throw badAnnotation('client-certificate', advice);
  }
  const secret = readSecretName('client-ca-secret', text, namespace);
  const { pem, revoked = '' } = usableAuthorities('client-ca-secret', secret, authorities?.(secret));
  return clientCertificatePolicy({ mode, ca: pem, ...(revoked !== '' && { revoked }) });
}

/** @throws RefusalError for annotations that exclude each other: a protection that is asked for is never left out */
function assertConsistent(
  { redirects, isPassthrough, clientCertificate }: TlsSettings,
  hosts: readonly string[],
): void {
  const isForAnyHost = hosts.includes('');
  const refuse = (name: AnnotationName, why: string): never => {
    throw badAnnotation(name, why);
  };
  if (isPassthrough && isForAnyHost) refuse('tls-passthrough', `needs ${PREFIX}host: connections are told apart by it`);
  if (clientCertificate === undefined) return;
  if (isForAnyHost) refuse('client-ca-secret', `needs ${PREFIX}host: certificates of clients are asked for by host`);
  if (isPassthrough) refuse('client-ca-secret', `${PREFIX}tls-passthrough leaves this to the pods: remove one of them`);
  if (!redirects && clientCertificate.mode === 'required') {
    refuse('client-ca-secret', `plain HTTP knows no certificates of clients: remove ${PREFIX}tls-redirect: "false"`);
  }
}

/** @throws RefusalError */
function refusePassthrough(): never {
  throw badAnnotation('tls-passthrough', `is ${FOR_WATCHED}, not for pushed records`);
}

function withoutEffect({ get, warn }: AnnotationReader, cause: string, preposition = 'with'): void {
  if (get('tls-secret') === undefined) return;
  const field = `${PREFIX}tls-secret`;
  warn('AnnotationWithoutEffect', `${field}: has no effect ${preposition} ${cause}`, field);
}
