/** Which certificates the clients of a Gateway have to show. Pure. */
import type { ClientCertificatePolicy } from '../../../model/tls-host.ts';
import type { ClientValidation, FrontendTls } from '../../../resources/gateway/gateway-object.ts';
import { quote } from '../../../text/quote.ts';
import { clientCertificatePolicy } from '../../client-certificate-policy.ts';
import type { Fault } from '../conditions.ts';
import type { ParentName } from '../readings.ts';
import { type ReferenceContext, resolveAuthorities } from './references.ts';

/** What is asked of the clients of a port. */
export interface ClientRule {
  /** Undefined: nothing is asked, or {@link refusal} says why it cannot be. */
  readonly policy: ClientCertificatePolicy | undefined;
  /** Why listeners that end TLS on this port are not served: an unchecked client would be let in. */
  readonly refusal: Fault | undefined;
  /** Why one of the references cannot be used. */
  readonly references: Fault | undefined;
  readonly isPending: boolean;
}

const NO_RULE: ClientRule = { policy: undefined, refusal: undefined, references: undefined, isPending: false };

const MODES: Readonly<Record<string, ClientCertificatePolicy['mode']>> = {
  AllowValidOnly: 'valid-only',
  AllowInsecureFallback: 'unverified',
};

/** @returns by port @param gateway that whose setting it is */
export function readClientRules(
  frontend: FrontendTls | undefined,
  gateway: ParentName,
  context: ReferenceContext,
): (port: number) => ClientRule {
  const general = readRule(frontend?.default?.validation, gateway, context);
  const perPort = new Map(
    (frontend?.perPort ?? []).map(({ port, tls }) => [port, readRule(tls.validation, gateway, context)]),
  );
  return port => perPort.get(port) ?? general;
}

/** Whether clients without a valid certificate are let in where one is asked for. */
export function servesUnverified(frontend: FrontendTls | undefined): boolean {
  const all = [frontend?.default, ...(frontend?.perPort ?? []).map(({ tls }) => tls)];
  return all.some(one => one?.validation?.mode === 'AllowInsecureFallback');
}

function readRule(
  validation: ClientValidation | undefined,
  gateway: ParentName,
  context: ReferenceContext,
): ClientRule {
  if (validation === undefined) return NO_RULE;
  const mode = Object.hasOwn(MODES, validation.mode) ? MODES[validation.mode] : undefined;
  if (mode === undefined) {
    const known = Object.keys(MODES).join(' or ');
    const message = `the mode ${quote(validation.mode)} of the Gateway's frontend validation must be ${known}`;
    return { ...NO_RULE, refusal: { reason: 'UnsupportedValue', message } };
  }
  const [unknown] = validation.unknown;
  if (unknown !== undefined) {
    const message = `the Gateway's frontend validation has the field ${quote(unknown)}, which this program does not know: remove it`;
    return { ...NO_RULE, refusal: { reason: 'UnsupportedValue', message } };
  }
  const found = validation.caCertificateRefs.map(ref => resolveAuthorities(ref, gateway, context));
  const references = found.map(one => (one !== 'pending' && 'fault' in one ? one.fault : undefined)).find(Boolean);
  const isPending = found.includes('pending');
  const authorities = found.flatMap(one => (one !== 'pending' && 'value' in one ? [one.value] : []));
  if (authorities.length === 0) {
    const message = references?.message ?? "the Gateway's frontend validation names no ConfigMap with authorities";
    // While they are not known, no client is let in.
    const refusal = isPending ? undefined : { reason: 'NoValidCACertificate', message };
    return { policy: undefined, refusal, references, isPending };
  }
  const ca = authorities.join('\n');
  return { policy: clientCertificatePolicy({ mode, ca }), refusal: undefined, references, isPending };
}
