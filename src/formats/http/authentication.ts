/** What the fields of HTTP authentication say (RFC 9110 section 11). A proxy does not read the credentials themselves. */
import { listElements, trimWhitespace } from './list.ts';

/** Schemes that authenticate a connection instead of a request (RFC 4559 section 6), in lower case. */
const CONNECTION_SCHEMES: ReadonlySet<string> = new Set(['ntlm', 'negotiate']);

/**
 * Whether a WWW-Authenticate or Proxy-Authenticate, or an Authorization, has a challenge or credentials that authenticate the
 * connection: whatever is sent on it afterwards is taken for this client's.
 */
export function authenticatesConnection(value: string): boolean {
  // A bearer's token is long, and needs no more than this look.
  if (!/ntlm|negotiate/i.test(value)) return false;
  return listElements(value).some(element => CONNECTION_SCHEMES.has(schemeOf(element)));
}

/**
 * Of `Scheme`, `Scheme token68` or `Scheme name=value` the scheme in lower case; of a further parameter of the challenge
 * before, `name=value`, the empty text (RFC 9110 section 11.6.1).
 */
function schemeOf(element: string): string {
  const scheme = /^[^ \t="]*/.exec(element)?.[0] ?? '';
  return trimWhitespace(element.slice(scheme.length)).startsWith('=') ? '' : scheme.toLowerCase();
}

/** nginx's $remote_user: the name of Basic credentials (RFC 7617). Never the password. */
export function basicUser(authorization: string): string {
  if (!/^basic /i.test(authorization)) return '';
  return Buffer.from(authorization.slice(6).trim(), 'base64').toString('latin1').split(':')[0] ?? '';
}
