import { type Certificate, type CertificateId, PrivateKey } from '../model/certificate.ts';

/** The one form in which a key is written out: it goes from thread to thread, and nowhere else. */
export type PackedCertificate = readonly [id: CertificateId, chain: string, key: string];

export function packCertificate({ id, chain, key }: Certificate): PackedCertificate {
  return [id, chain, key.reveal()];
}

export function unpackCertificate([id, chain, key]: PackedCertificate): Certificate {
  return { id, chain, key: new PrivateKey(key) };
}
