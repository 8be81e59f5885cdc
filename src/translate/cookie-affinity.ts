/** The parts of the cookie that binds a client to an endpoint, as annotations and pushed records write them. */
import { FormatError } from '../errors.ts';
import { parseDuration } from '../formats/duration.ts';
import { isHostName } from '../formats/host-name.ts';
import type { CookieAffinity } from '../model/cluster.ts';
import { notOneOf } from '../text/one-of.ts';
import { quote } from '../text/quote.ts';

/** What is used where nothing is said. The name is ingress-nginx's: a Service that moves over keeps what its rules know. */
export const DEFAULT_COOKIE: CookieAffinity = {
  name: 'INGRESSCOOKIE',
  // That of the route which the request took.
  path: '',
  domain: '',
  sameSite: 'Lax',
  secure: 'auto',
};

const MAX_NAME_LENGTH = 64;
const MAX_PATH_LENGTH = 1024;

const SAME_SITE = ['Lax', 'Strict', 'None'] as const;
const SECURE = ['auto', 'always', 'never'] as const;

/** RFC 6265 section 4.1.1: the name of a cookie is a token. @throws FormatError */
export function readCookieName(text: string): string {
  const name = text.trim();
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
    throw new FormatError(`${quote(text)} is not the name of a cookie: write letters, digits, - and _`);
  }
  if (name.length > MAX_NAME_LENGTH)
    throw new FormatError(`${quote(text)} is longer than ${MAX_NAME_LENGTH} characters`);
  return name;
}

/** @throws FormatError */
export function readCookiePath(text: string): string {
  const path = text.trim();
  if (!path.startsWith('/')) throw new FormatError(`${quote(text)} must start with a slash`);
  if (path.length > MAX_PATH_LENGTH)
    throw new FormatError(`${quote(text)} is longer than ${MAX_PATH_LENGTH} characters`);
  if (!/^[\x21-\x3a\x3c-\x7e]+$/.test(path)) {
    throw new FormatError(`${quote(text)} must hold neither a semicolon nor characters that a path has to escape`);
  }
  return path;
}

/** @throws FormatError */
export function readCookieDomain(text: string): string {
  // RFC 6265 section 5.2.3: a leading dot says nothing.
  const domain = text.trim().replace(/^\./, '').toLowerCase();
  if (!isHostName(domain) || !/[a-z]/.test(domain)) {
    throw new FormatError(`${quote(text)} is not a domain: write one as in "example.com"`);
  }
  return domain;
}

/** @returns whole seconds. @throws FormatError */
export function readCookieMaxAge(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds < 1000) {
    throw new FormatError(
      `${quote(text)} must be at least 1s; without this annotation the cookie ends with the browser's session`,
    );
  }
  return Math.floor(milliseconds / 1000);
}

/** @throws FormatError */
export function readSameSite(text: string): CookieAffinity['sameSite'] {
  return oneOf(text, SAME_SITE);
}

/** @throws FormatError */
export function readSecure(text: string): CookieAffinity['secure'] {
  return oneOf(text, SECURE);
}

function oneOf<const T extends string>(text: string, values: readonly T[]): T {
  const value = values.find(one => one === text.trim());
  if (value === undefined) throw new FormatError(notOneOf(text, values));
  return value;
}
