const BLOCK = /-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g;

/** The lists of revoked certificates in a PEM text, each for itself: OpenSSL reads the first of a text alone. */
export function revocationLists(pem: string): readonly string[] {
  return pem.match(BLOCK) ?? [];
}
