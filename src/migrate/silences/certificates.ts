import { X509Certificate } from 'node:crypto';
import { serviceKey } from '../../model/route.ts';
import { hostTls } from '../../translate/ingress/host-tls.ts';
import type { HostLocations } from '../../translate/ingress/locations.ts';
import type { KnownSecret } from '../dump.ts';
import type { Surroundings, Told } from './host.ts';

/** Hosts of a TLS section that clients get the default certificate for, which ingress-nginx makes itself unless a flag names another. */
export function fakeCertificates({ hosts, secrets }: Surroundings): Told[] {
  const read = new Map<string, X509Certificate | string>();
  const certificateOf = (key: string): X509Certificate | string => {
    let known = read.get(key);
    if (known === undefined) {
      known = readCertificate(key, secrets?.get(key));
      read.set(key, known);
    }
    return known;
  };
  return [...hosts.values()].flatMap(host => ofHost(host, secrets === undefined ? undefined : certificateOf));
}

function ofHost(
  { host, readings }: HostLocations,
  certificateOf: ((key: string) => X509Certificate | string) | undefined,
): Told[] {
  const tls = hostTls(host, readings);
  if (tls === undefined) return [];
  const tell = (why: string, mend: string): Told[] => [
    { ingress: tls.ingress, kind: 'FakeCertificate', message: `${host} gets the default certificate: ${why}`, mend },
  ];
  const mend = `kubectl --namespace ${tls.ingress.namespace} create secret tls ${tls.secret?.name ?? 'NAME'} --cert=FILE --key=FILE`;
  if (tls.secret === undefined) return tell('its TLS section names no Secret', 'secretName: NAME');
  if (certificateOf === undefined) return [];
  const certificate = certificateOf(serviceKey(tls.secret));
  if (typeof certificate === 'string') return tell(certificate, mend);
  return covers(certificate, host)
    ? []
    : tell(`the certificate of Secret ${serviceKey(tls.secret)} is for ${namesOf(certificate)}`, mend);
}

function readCertificate(key: string, secret: KnownSecret | undefined): X509Certificate | string {
  if (secret === undefined) return `there is no Secret ${key}`;
  if ('fault' in secret) return `the Secret ${key} cannot be used: ${secret.fault}`;
  if (secret.certificate === undefined) return `the Secret ${key} has no certificate`;
  try {
    return new X509Certificate(secret.certificate.chain.toString());
  } catch {
    return `the certificate of Secret ${key} cannot be read`;
  }
}

function covers(certificate: X509Certificate, host: string): boolean {
  if (host.startsWith('*.')) return namesOf(certificate).toLowerCase().split(', ').includes(host);
  return certificate.checkHost(host) !== undefined;
}

function namesOf(certificate: X509Certificate): string {
  const names = certificate.subjectAltName?.split(', ').filter(name => name.startsWith('DNS:')) ?? [];
  return names.map(name => name.slice('DNS:'.length)).join(', ') || 'no host';
}
