import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/** Who a server has to be. */
export interface ExpectedServer {
  readonly serverName: string;
  /** Names of which its certificate has to bear one; absent: the server name. Those of the DNS are in lower case. */
  readonly subjectAltNames?: readonly ServerName[];
}

export interface ServerName {
  readonly type: 'dns' | 'uri';
  readonly value: string;
}

/** @returns why the certificate of a server is not one for it; undefined where it is one */
export function identityFault(
  { serverName, subjectAltNames }: ExpectedServer,
  certificate: PeerCertificate,
): Error | undefined {
  if (subjectAltNames === undefined) return checkServerIdentity(serverName, certificate);
  if (subjectAltNames.some(asked => bears(certificate, asked))) return undefined;
  const message = `the certificate bears none of the names ${subjectAltNames.map(({ value }) => value).join(', ')}`;
  return Object.assign(new Error(message), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
}

function bears(certificate: PeerCertificate, { type, value }: ServerName): boolean {
  if (type === 'uri') return namesOf(certificate, 'URI').includes(value);
  const names = namesOf(certificate, 'DNS').map(name => name.toLowerCase());
  if (names.includes(value)) return true;
  // A wildcard stands for the first label, in the certificate and in the policy alike (RFC 9525 section 6.3).
  if (value.startsWith('*.'))
    return names.some(name => name.indexOf('.') > 0 && behindFirst(name) === behindFirst(value));
  return names.some(name => name.startsWith('*.') && isFor(name, value));
}

/** Without alternative names, Node would ask the subject, which counts for nothing (RFC 9525 section 2). */
function isFor(name: string, host: string): boolean {
  return checkServerIdentity(host, { subjectaltname: `DNS:${name}` } as PeerCertificate) === undefined;
}

/** Node writes a name with a comma, or anything else that could be taken for the end of it, as a string of JSON without commas. */
function namesOf({ subjectaltname = '' }: PeerCertificate, type: 'DNS' | 'URI'): string[] {
  return subjectaltname
    .split(', ')
    .filter(name => name.startsWith(`${type}:`))
    .map(name => name.slice(type.length + 1))
    .map(name => (name.startsWith('"') ? String(JSON.parse(name)) : name));
}

function behindFirst(name: string): string {
  return name.slice(name.indexOf('.'));
}
