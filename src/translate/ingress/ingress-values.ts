import { FormatError } from '../../errors.ts';
import { readGoBool } from '../../formats/go-bool.ts';
import type { Credentials } from '../../model/credentials.ts';
import type { Diagnostic, Severity } from '../../model/diagnostic.ts';
import { type ClusterId, type ServiceRef, serviceKey } from '../../model/route.ts';
import { PREFIX } from '../../resources/annotation-prefix.ts';
import type { CredentialsFault } from '../../resources/credentials.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import { quote } from '../../text/quote.ts';
import type { Destination } from '../destination.ts';
import { urlDestination } from '../references.ts';
import type { ServiceReference } from '../service-reference.ts';
import type { Authorities } from '../tls-authorities.ts';
import { backendDestination, NAMED } from './backends.ts';
import type { IngressConfig } from './config/ingress-config.ts';
import type { ConfigMapData, IngressValues } from './ingress-feature.ts';
import type { IngressLookups } from './ingress-lookups.ts';
import type { IngressOptions } from './ingress-options.ts';

/** What the annotations of ingress-nginx begin with. */
export const NGINX_PREFIX = 'nginx.ingress.kubernetes.io/';

/** Stable words: reasons of Events, and labels of a metric. */
export type IngressReason =
  | 'AnnotationRefused'
  | 'AnnotationParsingFailed'
  | 'AnnotationIgnored'
  | 'Differs'
  | 'Unsupported'
  | 'BadHost'
  | 'BadPath'
  | 'Conflict'
  | 'ServiceNotFound'
  | 'ServiceNotUsable'
  | 'UpstreamNotVerified';

/** Reads the annotations of one Ingress, and gathers what is to be said of them and where they lead. */
export class AnnotationValues implements IngressValues {
  readonly ingress: ServiceRef;
  readonly hosts: readonly string[];
  readonly config: IngressConfig;
  readonly options: IngressOptions;
  readonly diagnostics: Diagnostic[] = [];
  /** Why all its locations answer 503; undefined: they do not. */
  denial: string | undefined;
  isRefused = false;
  readonly #annotations: Readonly<Record<string, string>>;
  readonly #lookups: IngressLookups;
  readonly #found = new Map<ClusterId, Destination>();

  constructor(
    ingress: ServiceRef,
    annotations: Readonly<Record<string, string>>,
    context: {
      readonly hosts: readonly string[];
      readonly config: IngressConfig;
      readonly options: IngressOptions;
      readonly lookups: IngressLookups;
    },
  ) {
    this.ingress = ingress;
    this.hosts = context.hosts;
    this.#annotations = annotations;
    this.config = context.config;
    this.options = context.options;
    this.#lookups = context.lookups;
  }

  /** Where its annotations lead beside its backends. */
  get found(): readonly Destination[] {
    return [...this.#found.values()];
  }

  get(name: string): string | undefined {
    const text = this.raw(name);
    return text === '' ? undefined : text;
  }

  raw(name: string): string | undefined {
    return Object.hasOwn(this.#annotations, NGINX_PREFIX + name) ? this.#annotations[NGINX_PREFIX + name] : undefined;
  }

  bool(name: string, fallback: boolean): boolean {
    const text = this.get(name);
    if (text === undefined) return fallback;
    const value = readGoBool(text);
    if (value !== undefined) return value;
    this.#ignored(name, `${quote(text)} is neither "true" nor "false": "${fallback}" counts`);
    return fallback;
  }

  read<T>(name: string, parse: (text: string) => T): T | undefined {
    return attempt(this.get(name), parse, problem =>
      this.#ignored(name, `${problem}; it counts as absent, as in ingress-nginx`),
    );
  }

  require<T>(name: string, parse: (text: string) => T): T | undefined {
    return attempt(this.get(name), parse, problem => this.deny(name, problem));
  }

  refuse(name: string, why: string): void {
    this.isRefused = true;
    this.say('refused', 'AnnotationRefused', `${NGINX_PREFIX}${name}: ${why}`, NGINX_PREFIX + name);
  }

  /** An annotation of this program. */
  own<T>(name: string, text: string | undefined, parse: (text: string) => T): T | undefined {
    return attempt(text, parse, problem => this.deny(name, problem, PREFIX));
  }

  deny(name: string, why: string, prefix = NGINX_PREFIX): void {
    const field = prefix + name;
    this.denial ??= `${field}: ${why}`;
    const message = `${field}: ${why}; until that is mended, its locations answer 503`;
    this.say('warning', 'AnnotationParsingFailed', message, field);
  }

  denyByConfig(key: string, why: string): void {
    this.denial ??= `${key} of the ConfigMap: ${why}`;
    const message = `${key} of the ConfigMap: ${why}; until that is mended, its locations answer 503`;
    this.say('warning', 'AnnotationParsingFailed', message);
  }

  tell(name: string, why: string): void {
    this.say('warning', 'Differs', `${NGINX_PREFIX}${name}: ${why}`, NGINX_PREFIX + name);
  }

  warnUnverified(name: string, why: string): void {
    this.say('warning', 'UpstreamNotVerified', `${NGINX_PREFIX}${name}: ${why}`, NGINX_PREFIX + name);
  }

  clusterOfService(name: string, reference: ServiceReference, prefix = NGINX_PREFIX): ClusterId | undefined {
    const service = { namespace: this.ingress.namespace, name: reference.name };
    const object = this.#lookups.service(service);
    const field = prefix + name;
    const { destination, problem } = backendDestination(service, reference.port, object, this.options, NAMED);
    if (problem !== undefined) {
      const reason = object === undefined ? 'ServiceNotFound' : 'ServiceNotUsable';
      this.say('warning', reason, `${field}: ${problem}`, field);
      return undefined;
    }
    return this.#add(destination);
  }

  clusterOfDefaultBackend(): ClusterId | undefined {
    const { defaultBackendService: service } = this.options;
    if (service === undefined) return undefined;
    const { destination, problem } = backendDestination(
      service,
      undefined,
      this.#lookups.service(service),
      this.options,
      NAMED,
    );
    return problem === undefined ? this.#add(destination) : undefined;
  }

  clusterOfUrl(url: URL, isVerified = true): ClusterId {
    return this.#add(urlDestination(this.ingress, url, isVerified));
  }

  credentials(name: string, secret: SecretRef, prefix = NGINX_PREFIX): Credentials | CredentialsFault {
    const found = this.#lookups.credentials(secret);
    if (found === undefined) return { fault: `the Secret ${serviceKey(secret)} has not been read yet` };
    if (!('fault' in found)) return found;
    const fault = `the Secret ${serviceKey(secret)} cannot be used: ${found.fault}`;
    this.deny(name, fault, prefix);
    return { fault };
  }

  authorities(_name: string, secret: SecretRef): Authorities {
    return this.#lookups.authorities(secret);
  }

  certificate(_name: string, secret: SecretRef): ReturnType<IngressLookups['certificate']> {
    return this.#lookups.certificate(secret);
  }

  configMap(name: string, ref: ServiceRef): ConfigMapData | { readonly fault: string } {
    const found = this.#lookups.configMap(ref);
    if (found === undefined) return { fault: `the ConfigMap ${serviceKey(ref)} has not been read yet` };
    if (found instanceof Map || !('fault' in found)) return found;
    const fault = `the ConfigMap ${serviceKey(ref)} cannot be used: ${found.fault}`;
    this.deny(name, fault);
    return { fault };
  }

  globalConfigMap(ref: ServiceRef): ConfigMapData | undefined {
    const found = this.#lookups.configMap(ref);
    return found === undefined || 'fault' in found ? undefined : found;
  }

  /** Says something of the Ingress. */
  say(severity: Severity, reason: IngressReason, message: string, field?: string, paths: readonly string[] = []): void {
    const object = { kind: 'Ingress' as const, ...this.ingress };
    this.diagnostics.push({ object, ...(field && { field }), severity, reason, message, paths });
  }

  #ignored(name: string, problem: string): void {
    this.say('warning', 'AnnotationIgnored', `${NGINX_PREFIX}${name}: ${problem}`, NGINX_PREFIX + name);
  }

  #add(destination: Destination): ClusterId {
    const { id } = destination.cluster;
    this.#found.set(id, destination);
    return id;
  }
}

function attempt<T>(
  text: string | undefined,
  parse: (text: string) => T,
  failed: (problem: string) => void,
): T | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    failed(error.message);
    return undefined;
  }
}
