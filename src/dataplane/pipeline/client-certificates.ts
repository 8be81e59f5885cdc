import type { FailureReason } from '../../failures/failures.ts';
import type { ClientCertificatePolicy, TlsHost } from '../../model/tls-host.ts';
import type { ClientCertificate, TlsSession } from './known-client.ts';
import type { Answer } from './ports.ts';
import { redirectAnswer } from './redirect-answer.ts';

/** Why a request may not go on over the session that carries it; undefined where it may. @param policy of its host */
export function sessionFault(
  session: TlsSession,
  policy: ClientCertificatePolicy | undefined,
): FailureReason | undefined {
  // RFC 9110 section 15.5.20: a connection may be used again for another host, and that one may ask for other certificates.
  if (session.clientPolicy !== (policy?.policy ?? '')) return 'request_misdirected';
  if (policy === undefined) return undefined;
  const { clientCertificate } = session;
  if (clientCertificate === undefined) return policy.mode === 'required' ? 'client_certificate_missing' : undefined;
  return clientCertificate.fault === '' ? undefined : 'client_certificate_invalid';
}

const FOUND = 302;

/** Sends a client elsewhere that is refused for this reason; undefined where it gets the page of the failure. @param host the request's */
export function certificateErrorPage(
  reason: FailureReason,
  host: TlsHost | undefined,
  requestId: string,
): Answer | undefined {
  const isAboutIt = reason === 'client_certificate_missing' || reason === 'client_certificate_invalid';
  const page = isAboutIt ? host?.clientCertificate?.errorPage : undefined;
  return page === undefined ? undefined : redirectAnswer(FOUND, page, requestId);
}

/** What the program log says of a refused request beyond its reason. */
export function refusalDetail(reason: FailureReason, tls: TlsSession | undefined): string {
  return reason === 'client_certificate_invalid' ? (tls?.clientCertificate?.fault ?? '') : '';
}

/** A header: name and value. */
type Field = readonly [name: string, value: string];

const NOT_ASKED: readonly Field[] = [];
const NO_CERTIFICATE: readonly Field[] = [['X-Client-Cert-Verify', 'NONE']];

/** Of a session with many requests they are the same. */
const fieldsOf = new WeakMap<ClientCertificate, readonly Field[]>();

/** The headers by which upstreams learn of a client's certificate; none for a host that asks for no certificate. Most hosts refuse one that does not count. */
export function clientCertificateFields(session: TlsSession | undefined): readonly Field[] {
  if (session === undefined || session.clientPolicy === '') return NOT_ASKED;
  const { clientCertificate } = session;
  if (clientCertificate === undefined) return NO_CERTIFICATE;
  let fields = fieldsOf.get(clientCertificate);
  if (fields === undefined) {
    const { certificate, fault } = clientCertificate;
    const { subject, issuer } = certificate;
    fields = [
      // As nginx says it.
      ['X-Client-Cert-Verify', fault === '' ? 'SUCCESS' : `FAILED:${printable(fault)}`],
      ['X-Client-Cert-Subject-DN', distinguishedName(subject)],
      ['X-Client-Cert-Issuer-DN', distinguishedName(issuer)],
    ];
    fieldsOf.set(clientCertificate, fields);
  }
  return fields;
}

/**
 * As nginx writes it: RFC 2253, the last part first. What has a meaning there is escaped already.
 * @param lines node:crypto's form, a line for each part; undefined for an empty name
 */
function distinguishedName(lines: string | undefined): string {
  const parts = (lines ?? '').split('\n').map(part => part.split(' + ').reverse().join('+'));
  return printable(parts.reverse().join(','));
}

/** RFC 2253 section 2.4: a byte that is not printable ASCII is a backslash and its two hexadecimal digits. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, character =>
    Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '\\$&'),
  );
}

/** nginx's variables of a client's certificate; empty in plain HTTP, and for a host that asks for none. */
export const CERTIFICATE_VARIABLES = {
  ssl_client_verify: (session: TlsSession | undefined) => clientCertificateFields(session)[0]?.[1] ?? '',
  ssl_client_s_dn: (session: TlsSession | undefined) => clientCertificateFields(session)[1]?.[1] ?? '',
  ssl_client_i_dn: (session: TlsSession | undefined) => clientCertificateFields(session)[2]?.[1] ?? '',
  ssl_client_escaped_cert: (session: TlsSession | undefined) => {
    const certificate = session?.clientPolicy === '' ? undefined : session?.clientCertificate?.certificate;
    return certificate === undefined ? '' : encodeURIComponent(certificate.toString());
  },
} as const;
