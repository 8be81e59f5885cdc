/** Redirects of plain HTTP, and the headers that make browsers use HTTPS. */
import { FormatError } from '../../../errors.ts';
import { quote } from '../../../text/quote.ts';
import { parseCount } from '../numbers.ts';
import { type ConfigRow, refused, works } from './config-row.ts';
import { flag, list } from './config-values.ts';

const REDIRECT_STATUSES = [301, 302, 307, 308];
const LONGEST_AGE = 3_153_600_000;

export const REDIRECT_ROWS: readonly ConfigRow[] = [
  works('ssl-redirect', 'true', 'Plain HTTP of a host with TLS is sent to https.', text => ({
    sslRedirect: flag(text),
  })),
  works('force-ssl-redirect', 'false', 'Plain HTTP of every host is sent to https.', text => ({
    forceSslRedirect: flag(text),
  })),
  works('preserve-trailing-slash', 'false', 'A slash at the end of the target stays in these redirects.', text => ({
    preserveTrailingSlash: flag(text),
  })),
  works('http-redirect-code', '308', 'The status of these redirects: 301, 302, 307 or 308.', text => ({
    httpRedirectCode: redirectStatus(text),
  })),
  works(
    'no-tls-redirect-locations',
    '/.well-known/acme-challenge',
    'Locations whose path begins with one of these are not sent to https.',
    text => ({ noTlsRedirectLocations: list(text) }),
    'The paths of Ingresses are compared; ingress-nginx compares the text of its configuration.',
  ),
  works('relative-redirects', 'false', 'Redirects name a path alone.', text => ({ relativeRedirects: flag(text) })),
  refused(
    'use-port-in-redirects',
    'false',
    'redirects name the host as the client has named it, without a port of the entry',
  ),
  works('hsts', 'true', 'Answers over HTTPS have Strict-Transport-Security.', text => ({ hsts: flag(text) })),
  works('hsts-max-age', '31536000', 'Its max-age, in seconds.', text => ({
    hstsMaxAge: parseCount(text, 0, LONGEST_AGE),
  })),
  works('hsts-include-subdomains', 'true', 'It says includeSubDomains.', text => ({
    hstsIncludeSubdomains: flag(text),
  })),
  works('hsts-preload', 'false', 'It says preload.', text => ({ hstsPreload: flag(text) })),
];

/** @throws FormatError */
function redirectStatus(text: string): number {
  const status = Number(text.trim());
  if (REDIRECT_STATUSES.includes(status)) return status;
  throw new FormatError(`${quote(text)} must be one of ${REDIRECT_STATUSES.join(', ')}`);
}
