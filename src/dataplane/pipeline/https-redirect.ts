import type { TlsRedirect } from '../../model/route.ts';
import type { Answer } from './ports.ts';
import { redirectAnswer } from './redirect-answer.ts';

/** Where certificate authorities look for what proves who owns a name (RFC 8555 section 8.3): by plain HTTP. */
const ACME_CHALLENGE = '/.well-known/acme-challenge/';

/** 308 keeps method and body (RFC 9110 section 15.4.9), unlike 301. */
const STATUS = 308;

const DEFAULT_PORT = 443;

/** Plain HTTP for a host with TLS: the answer is where to ask instead. */
export class HttpsRedirect {
  readonly location: string;
  readonly #status: number;

  /**
   * @param host of the request, as routes see it: it has no port, and no byte that could end it early
   * @param target path and query
   * @param port 0: the default one
   */
  constructor(host: string, target: string, port: number, status = STATUS) {
    this.#status = status;
    this.location = `https://${host}${port === 0 || port === DEFAULT_PORT ? '' : `:${port}`}${target}`;
  }

  answer(requestId: string): Answer {
    return redirectAnswer(this.#status, this.location, requestId);
  }
}

/** As ingress-nginx writes it: the target of the client, without the slash at its end, whether that is of the path or of the query. */
export function ingressRedirect(
  { status, keepsSlash }: TlsRedirect,
  host: string,
  target: string,
  port: number,
): HttpsRedirect {
  return new HttpsRedirect(host, keepsSlash ? target : target.replace(/\/$/, ''), port, status);
}

/** @param path in its normal form, so that dot segments do not lead out of it */
export function isAcmeChallenge(path: string): boolean {
  return path.startsWith(ACME_CHALLENGE);
}
