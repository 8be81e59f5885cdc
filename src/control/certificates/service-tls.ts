import { isIP } from 'node:net';
import { isHostName } from '../../formats/host-name.ts';
import type { Certificate } from '../../model/certificate.ts';
import type { Diagnostic, ObjectRef } from '../../model/diagnostic.ts';
import { type ClusterId, type ServiceRef, serviceKey } from '../../model/route.ts';
import type { ClientCertificatePolicy } from '../../model/tls-host.ts';
import { PREFIX } from '../../resources/annotation-prefix.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import type { Translation } from '../../translate/service.ts';
import { lastRead } from '../catalog/known-objects.ts';
import type { KnownSecrets, SecretState } from '../catalog/known-secrets.ts';
import type { Remarks } from '../catalog/remarks.ts';
import { type CertificateFacts, certificateOf, isFault, toServe } from './certificate-facts.ts';
import { problemOfCertificate, problemOfHosts, problemOfSecret } from './certificate-problem.ts';
import type { TlsConflict } from './tls-claims.ts';
import { type TlsCommit, TlsRegistry } from './tls-registry.ts';

/** Who asks for the Secret with the default certificate: no Service has such a key. */
const DEFAULT_CERTIFICATE = 'default-tls-secret';
/** A Service without a host gets so many of the names of its certificate, at most. */
const MOST_NAMES = 100;

export interface ServiceTlsOptions {
  readonly secrets: { readonly tls: KnownSecrets; readonly named: KnownSecrets };
  readonly remarks: Pick<Remarks, 'set'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What a Service, or a host of Ingresses, asks of the TLS port. */
export interface TlsAsked {
  readonly object: ObjectRef;
  /** RFC 3339, of the object. */
  readonly createdAt: string;
  /** What of the object names the Secret. */
  readonly field: string;
  /** Empty: those that the certificate names. */
  readonly hosts: readonly string[];
  readonly secret: SecretRef | undefined;
  readonly clientCertificate: ClientCertificatePolicy | undefined;
  readonly passthrough: ClusterId | undefined;
}

/** An object with a certificate of its own. */
type Holder = Pick<TlsAsked, 'object' | 'field' | 'hosts'> & { readonly secret: SecretRef };

/** What the annotations of a Service ask of the TLS port. */
export function askedOfTls({ service, tls, routes, cluster }: Translation): TlsAsked {
  return {
    object: service,
    createdAt: routes[0]?.createdAt ?? '',
    field: `${PREFIX}tls-secret`,
    hosts: [...new Set(routes.map(({ host }) => host))].filter(host => host !== ''),
    secret: tls?.secret,
    clientCertificate: tls?.clientCertificate,
    passthrough: tls?.isPassthrough === true ? cluster?.id : undefined,
  };
}

/** What watched Services ask of the TLS port: their Secrets, the certificates and hosts that follow, and what is wrong with them. */
export class ServiceTls {
  readonly #options: ServiceTlsOptions;
  readonly #registry = new TlsRegistry();
  readonly #holders = new Map<string, Holder>();
  /** Services whose remarks may be others than before. */
  readonly #unsettled = new Set<string>();
  /** Services whose protection the TLS port does not give: they are not served. */
  readonly #denied = new Set<string>();
  #default: { readonly secret: SecretRef; readonly onChange: (state: SecretState) => void } | undefined;

  constructor(options: ServiceTlsOptions) {
    this.#options = options;
  }

  /** A Service, or a host of Ingresses, as it is now. @param named the Secrets that it names beside that of its certificate */
  set(key: string, asked: TlsAsked, named: readonly SecretRef[]): void {
    const { secrets } = this.#options;
    const { object, field, hosts, secret, clientCertificate, passthrough } = asked;
    secrets.named.ask(key, named);
    secrets.tls.ask(key, secret === undefined ? [] : [secret]);
    const before = this.#holders.get(key);
    if (secret === undefined) this.#holders.delete(key);
    else this.#holders.set(key, { object, field, secret, hosts });
    this.#unsettled.add(key);
    if (secret === undefined && clientCertificate === undefined && passthrough === undefined) {
      this.#registry.set(key, undefined);
      return;
    }
    const own = secret && this.#certificateFor(key, secret, before?.secret);
    this.#registry.set(key, {
      service: object,
      createdAt: asked.createdAt,
      hosts: hosts.length > 0 ? hosts : (own?.names ?? []),
      certificate: own?.certificate,
      clientCertificate,
      passthrough,
    });
  }

  forget(key: string): void {
    const { secrets } = this.#options;
    secrets.named.ask(key, []);
    secrets.tls.ask(key, []);
    this.#holders.delete(key);
    this.#registry.set(key, undefined);
    this.#unsettled.add(key);
  }

  /** Asks for the Secret with the certificate of all other hosts. @param onChange hears what is known of it, with each change */
  followDefault(secret: SecretRef, onChange: (state: SecretState) => void): void {
    this.#default = { secret, onChange };
    this.#options.secrets.named.ask(DEFAULT_CERTIFICATE, [secret]);
  }

  /** Services whose Secrets may have changed since this was asked last. */
  takeAffected(): Set<string> {
    const { tls, named } = this.#options.secrets;
    const affected = new Set([...tls.takeChanged(), ...named.takeChanged()]);
    if (affected.delete(DEFAULT_CERTIFICATE) && this.#default !== undefined) {
      this.#default.onChange(named.of(this.#default.secret));
    }
    return affected;
  }

  /** Whether a Service must not be served: it would be without the protection that it asks for. */
  isDenied(key: string): boolean {
    return this.#denied.has(key);
  }

  /** As {@link TlsRegistry.serves}. */
  serves(host: string): boolean {
    return this.#registry.serves(host);
  }

  /** @returns what changes, and the Services that are denied now, or no longer */
  commit(): TlsCommit & { readonly turned: readonly string[] } {
    const commit = this.#registry.commit();
    const keys = new Set([...commit.touched, ...this.#unsettled]);
    this.#unsettled.clear();
    return { ...commit, turned: [...keys].filter(key => this.#remark(key)) };
  }

  /** Time has passed: certificates become valid, and expire. */
  look(): void {
    for (const key of this.#holders.keys()) this.#remark(key);
  }

  /** @returns whether the Service is denied now, or no longer */
  #remark(key: string): boolean {
    const { remarks } = this.#options;
    const holder = this.#holders.get(key);
    const conflicts = this.#registry.conflictsOf(key);
    const refusals = conflicts.filter(conflict => this.#denies(key, conflict)).map(refusalOf);
    const warnings = conflicts.filter(({ about }) => about === 'certificate').map(warningOf);
    const problems = holder === undefined ? [] : this.#problemsOf(key, holder);
    remarks.set(key, 'certificate', [...problems, ...warnings]);
    remarks.set(key, 'tls', refusals);
    const wasDenied = this.#denied.has(key);
    if (refusals.length > 0) this.#denied.add(key);
    else this.#denied.delete(key);
    return wasDenied !== refusals.length > 0;
  }

  /** A Service that only names another certificate is served with that of the older one. */
  #denies(key: string, { about }: TlsConflict): boolean {
    const claim = this.#registry.claimOf(key);
    return about !== 'certificate' && (claim?.clientCertificate ?? claim?.passthrough) !== undefined;
  }

  /** What was read of a Secret before stays in force while nothing better is known. @param before the Secret that it named before */
  #certificateFor(key: string, secret: SecretRef, before: SecretRef | undefined): Found | undefined {
    const state = this.#options.secrets.tls.of(secret);
    if (state.state === 'absent') return undefined;
    const found = foundIn(state);
    if (found !== undefined) return found;
    const isSame = before !== undefined && serviceKey(before) === serviceKey(secret);
    const claim = this.#registry.claimOf(key);
    if (claim?.certificate === undefined || !(isSame || state.state === 'awaited')) return undefined;
    return { certificate: claim.certificate, names: claim.hosts };
  }

  #problemsOf(key: string, { object, field, secret, hosts }: Holder): Diagnostic[] {
    const state = this.#options.secrets.tls.of(secret);
    const name = serviceKey(secret);
    const read = readIn(state);
    const isKept = (read === undefined || isFault(read)) && this.#registry.claimOf(key)?.certificate !== undefined;
    const problems = [
      problemOfSecret(name, state),
      read && problemOfCertificate(name, read, this.#options.now()),
      read && !isFault(read) ? problemOfHosts(name, read, hosts) : undefined,
    ].filter(problem => problem !== undefined);
    return problems.map(({ reason, message }) => ({
      ...{ object, field, severity: 'warning', reason, paths: [] },
      message: `${field}: ${message}${isKept ? '; the one of before is served' : ''}`,
    }));
  }
}

interface Found {
  readonly certificate: Certificate;
  /** Hosts that it may serve where its Service names none. */
  readonly names: readonly string[];
}

function foundIn(state: SecretState): Found | undefined {
  const read = readIn(state);
  const own = lastRead(state)?.certificate;
  if (read === undefined || isFault(read) || own === undefined) return undefined;
  return { certificate: toServe(read, own.key), names: servableNames(read) };
}

function readIn(state: SecretState): ReturnType<typeof certificateOf> | undefined {
  const secret = lastRead(state);
  return secret && certificateOf(secret);
}

/** Clients send no addresses as SNI (RFC 6066 section 3). */
function servableNames({ names }: CertificateFacts): string[] {
  const isServable = (name: string): boolean => isIP(name) === 0 && isHostName(name.replace(/^\*\./, ''));
  return names.filter(isServable).slice(0, MOST_NAMES);
}

const ANNOTATION: Readonly<Record<TlsConflict['about'], string>> = {
  certificate: `${PREFIX}tls-secret`,
  passthrough: `${PREFIX}tls-passthrough`,
  'client-certificate': `${PREFIX}client-ca-secret`,
};

function warningOf({ host, winner, loser, about }: TlsConflict): Diagnostic {
  const message = `${ANNOTATION[about]}: ${host} has the certificate of the older Service ${serviceKey(winner)}: name the same Secret in both, or use another host`;
  return conflictDiagnostic(loser, ANNOTATION[about], 'conflict', message);
}

function refusalOf({ host, winner, loser, about }: TlsConflict): Diagnostic {
  const message = `${ANNOTATION[about]}: the older Service ${serviceKey(winner)} says something else about ${host}: write the same in both, or use another host`;
  return conflictDiagnostic(loser, ANNOTATION[about], 'refused', message);
}

function conflictDiagnostic(
  object: ServiceRef,
  field: string,
  severity: Diagnostic['severity'],
  message: string,
): Diagnostic {
  return { object, field, severity, reason: 'TlsConflict', message, paths: [] };
}
