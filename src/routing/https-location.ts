/** Where plain HTTP for a host with TLS is sent. */
import type { TlsRedirect } from '../model/route.ts';

/** Where certificate authorities look for what proves who owns a name (RFC 8555 section 8.3): by plain HTTP. */
const ACME_CHALLENGE = '/.well-known/acme-challenge/';

const DEFAULT_PORT = 443;

/** 308 keeps method and body (RFC 9110 section 15.4.9), unlike 301. */
export const HTTPS_REDIRECT_STATUS = 308;

/** @param target path and query @param port 0: the default one */
export function httpsLocation(host: string, target: string, port: number): string {
  return `https://${host}${port === 0 || port === DEFAULT_PORT ? '' : `:${port}`}${target}`;
}

/** As ingress-nginx writes it: the target of the client, without the slash at its end, whether that is of the path or of the query. */
export function ingressHttpsLocation({ keepsSlash }: TlsRedirect, host: string, target: string, port: number): string {
  return httpsLocation(host, keepsSlash ? target : target.replace(/\/$/, ''), port);
}

/** @param path in its normal form, so that dot segments do not lead out of it */
export function isAcmeChallenge(path: string): boolean {
  return path.startsWith(ACME_CHALLENGE);
}
