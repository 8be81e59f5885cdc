import { getCACertificates } from 'node:tls';

let known: readonly string[] | undefined;

/** PEM of the authorities that the system trusts; an image without a store of them has those that came with Node. */
export function systemAuthorities(): string[] {
  if (known === undefined) {
    const installed = getCACertificates('system');
    known = installed.length > 0 ? installed : getCACertificates('bundled');
  }
  return [...known];
}
