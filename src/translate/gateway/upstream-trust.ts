/** What one BackendTLSPolicy asks of the TLS connections to its Services. Pure. */
import { isIP } from 'node:net';
import { isHostName } from '../../formats/host-name.ts';
import type { SubjectAltName, UpstreamTls } from '../../model/cluster.ts';
import type { BackendTlsPolicyObject, BackendTlsPolicySpec, LocalRef } from '../../resources/gateway/gateway-object.ts';
import { quote } from '../../text/quote.ts';
import type { Fault } from './conditions.ts';
import type { GatewayLookups } from './gateway-lookups.ts';

/** The most that the API allows. */
const MOST_NAMES = 5;

export interface UpstreamTrust {
  /** Undefined: no connection may be made, because {@link refusal} says so or because {@link isPending}. */
  readonly tls: UpstreamTls | undefined;
  /** Why the policy cannot be obeyed. */
  readonly refusal: Fault | undefined;
  /** What is wrong with its references to certificates, each on its own. */
  readonly references: readonly Fault[];
  /** Some of the certificates have not been read yet, and no other is there. */
  readonly isPending: boolean;
}

export function readUpstreamTrust(
  { metadata, spec }: BackendTlsPolicyObject,
  lookups: Pick<GatewayLookups, 'authorities'>,
): UpstreamTrust {
  const { validation } = spec;
  const found = validation.caCertificateRefs.map(ref => readAuthorities(ref, metadata.namespace, lookups));
  const references = found.flatMap(one => (one !== undefined && 'fault' in one ? [one.fault] : []));
  const refuse = (refusal: Fault): UpstreamTrust => ({ tls: undefined, refusal, references, isPending: false });
  const fault = unknownFault(spec) ?? faultOf(validation);
  if (fault !== undefined) return refuse({ reason: 'Invalid', message: fault });
  const ca = found.flatMap(one => (one !== undefined && 'pem' in one ? [one.pem] : [])).join('\n');
  const { hostname: serverName, subjectAltNames } = validation;
  const names = subjectAltNames.map(({ type, hostname = '', uri = '' }): SubjectAltName => {
    return type === 'URI' ? { type: 'uri', value: uri } : { type: 'dns', value: hostname.toLowerCase() };
  });
  const tls: UpstreamTls = {
    serverName: serverName.toLowerCase(),
    isVerified: true,
    ...(ca !== '' && { ca }),
    ...(names.length > 0 && { subjectAltNames: names }),
  };
  if (ca !== '' || validation.wellKnownCACertificates !== undefined)
    return { tls, refusal: undefined, references, isPending: false };
  if (found.includes(undefined)) return { tls: undefined, refusal: undefined, references, isPending: true };
  const message = 'none of its caCertificateRefs leads to a certificate that can be used';
  return refuse({ reason: 'NoValidCACertificate', message });
}

/** A field that is not known may ask for more than is verified. */
function unknownFault({ unknown: [field] }: BackendTlsPolicySpec): string | undefined {
  return field === undefined ? undefined : `${quote(field)} is a field that this program does not know: remove it`;
}

/** What the schema of the API refuses, too, where the API server knows its rules. */
function faultOf({
  caCertificateRefs,
  wellKnownCACertificates: wellKnown,
  hostname,
  subjectAltNames,
}: BackendTlsPolicySpec['validation']): string | undefined {
  if (caCertificateRefs.length > 0 === (wellKnown !== undefined))
    return 'validation must have one of caCertificateRefs and wellKnownCACertificates';
  if (wellKnown !== undefined && wellKnown !== 'System')
    return `validation.wellKnownCACertificates is ${quote(wellKnown)}: only System is known`;
  if (isIP(hostname) !== 0 || !isHostName(hostname))
    return `validation.hostname ${quote(hostname)} is no host name that a certificate can bear`;
  if (subjectAltNames.length > MOST_NAMES) return `validation.subjectAltNames are more than ${MOST_NAMES}`;
  const bad = subjectAltNames.find(name => !isName(name));
  return (
    bad && `a name of validation.subjectAltNames must be a Hostname or an absolute URI, not ${quote(shownName(bad))}`
  );
}

type Name = BackendTlsPolicySpec['validation']['subjectAltNames'][number];

function isName({ type, hostname, uri }: Name): boolean {
  if (type === 'URI') return hostname === undefined && /^[a-z][a-z0-9+.-]*:\/\/[\x21-\x7e]+$/i.test(uri ?? '');
  if (type !== 'Hostname' || hostname === undefined || uri !== undefined) return false;
  const name = hostname.replace(/^\*\./, '');
  return isIP(name) === 0 && isHostName(name);
}

function shownName({ type, hostname, uri }: Name): string {
  return `${type} ${hostname ?? uri ?? ''}`;
}

/** @returns undefined while they have not been read */
function readAuthorities(
  { group, kind, name }: LocalRef,
  namespace: string,
  lookups: Pick<GatewayLookups, 'authorities'>,
): { readonly pem: string } | { readonly fault: Fault } | undefined {
  if ((group !== '' && group !== 'core') || kind !== 'ConfigMap') {
    const message = `a caCertificateRef names the kind ${quote(kind)} of the group ${quote(group)}: only ConfigMaps of the core group are read`;
    return { fault: { reason: 'InvalidKind', message } };
  }
  const found = lookups.authorities({ namespace, name });
  if (found === undefined) return undefined;
  return 'value' in found
    ? { pem: found.value }
    : { fault: { reason: 'InvalidCACertificateRef', message: `ConfigMap ${namespace}/${name}: ${found.fault}` } };
}
