/** What field names mean to HTTP/2. It is looked up once, when a name comes the first time on a connection. */
import { HEADER_NAMES, isClientCertName, OTHER, X_CLIENT_CERT } from '../../pipeline/header-ids.ts';
import { STATIC_FIELDS } from './static-table.ts';

/** A field that goes on unchanged, unless its number (header-ids.ts) says more. */
export const PLAIN = 0;
/** As {@link PLAIN}, with an underscore in its name: what that means is the reader's decision. */
export const UNDERSCORE = 1;
/** Pieces of a Cookie header (RFC 9113 section 8.2.3). */
export const COOKIE = 2;
/** RFC 9218. */
export const PRIORITY_FIELD = 3;
/** It makes a message malformed (RFC 9113 section 8.2.2). */
export const CONNECTION_SPECIFIC = 4;
/** It speaks to the next hop only, and goes no further. */
export const HOP_BY_HOP = 5;
export const PSEUDO_METHOD = 6;
export const PSEUDO_SCHEME = 7;
export const PSEUDO_AUTHORITY = 8;
export const PSEUDO_PATH = 9;
/** RFC 8441. */
export const PSEUDO_PROTOCOL = 10;
export const PSEUDO_STATUS = 11;
/** It makes a message malformed (RFC 9113 section 8.3). */
export const PSEUDO_UNKNOWN = 12;

const KINDS: Readonly<Record<string, number>> = {
  cookie: COOKIE,
  priority: PRIORITY_FIELD,
  connection: CONNECTION_SPECIFIC,
  'proxy-connection': CONNECTION_SPECIFIC,
  'keep-alive': CONNECTION_SPECIFIC,
  'transfer-encoding': CONNECTION_SPECIFIC,
  upgrade: CONNECTION_SPECIFIC,
  te: HOP_BY_HOP,
  'http2-settings': HOP_BY_HOP,
  'proxy-authorization': HOP_BY_HOP,
  'proxy-authenticate': HOP_BY_HOP,
  'proxy-authentication-info': HOP_BY_HOP,
  ':method': PSEUDO_METHOD,
  ':scheme': PSEUDO_SCHEME,
  ':authority': PSEUDO_AUTHORITY,
  ':path': PSEUDO_PATH,
  ':protocol': PSEUDO_PROTOCOL,
  ':status': PSEUDO_STATUS,
};

/** A name and what it means. */
export interface FieldName {
  readonly name: string;
  readonly kind: number;
  /** Its number of header-ids.ts. */
  readonly id: number;
  /** It is a token without capitals (RFC 9113 section 8.2.1). */
  readonly isValid: boolean;
}

/** A token without capitals, or a pseudo-field's name. */
const VALID = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;

const KNOWN: ReadonlyMap<string, FieldName> = new Map(
  [...Object.keys(KINDS), ...HEADER_NAMES.slice(OTHER + 1), ...STATIC_FIELDS.map(([name]) => name)].map(name => [
    name,
    { name, kind: KINDS[name] ?? PLAIN, id: Math.max(OTHER, HEADER_NAMES.indexOf(name)), isValid: true },
  ]),
);

export function fieldName(name: string): FieldName {
  const known = KNOWN.get(name);
  if (known !== undefined) return known;
  const id = isClientCertName(name) ? X_CLIENT_CERT : OTHER;
  return { name, kind: unknownKind(name), id, isValid: VALID.test(name) };
}

function unknownKind(name: string): number {
  if (name.startsWith(':')) return PSEUDO_UNKNOWN;
  return name.includes('_') ? UNDERSCORE : PLAIN;
}
