/** nginx's variables, as far as policies and keys of balancers may name them. */

import { cookieValue } from '../../formats/http/cookies.ts';
import { encodeComponent } from '../../formats/http/percent-encoding.ts';
import { queryValue } from '../../formats/http/query.ts';
import { parseUriReference } from '../../formats/http/uri.ts';
import { NAMED_VARIABLE, type TextPart } from '../../formats/nginx-text.ts';
import { CERTIFICATE_VARIABLES } from './client-certificates.ts';
import { AUTHORIZATION } from './header-ids.ts';
import type { ClientIdentity, RequestView } from './ports.ts';

/** What variables say of a request. */
export interface VariableSource {
  readonly head: Pick<RequestView, 'method' | 'target' | 'has' | 'value' | 'field'>;
  readonly client: Pick<ClientIdentity, 'tls'>;
  readonly clientIp: string;
  readonly requestId: string;
  readonly scheme: 'http' | 'https';
  /** As routes see it. */
  readonly host: string;
  /** Host and port as they came. */
  readonly authority: string;
  /** In its normal form. */
  readonly path: string;
  /** With every escape decoded. */
  readonly decodedPath: string;
  /** With its question mark; empty without one. */
  readonly query: string;
}

/** The value of a variable; empty where the request lacks it. */
export type Variable = (source: VariableSource) => string;

const PLAIN: ReadonlyMap<string, Variable> = new Map<string, Variable>([
  ['remote_addr', ({ clientIp }) => clientIp],
  ['scheme', ({ scheme }) => scheme],
  // Whatever a trusted proxy says. The name is ours.
  ['connection_scheme', ({ client }) => (client.tls === undefined ? 'http' : 'https')],
  ['server_port', ({ scheme }) => (scheme === 'https' ? '443' : '80')],
  ['request_id', ({ requestId }) => requestId],
  ['proxy_add_x_forwarded_for', ({ head, clientIp }) => listed(head.field('x-forwarded-for', ', '), clientIp)],
  ['host', ({ host }) => host],
  ['http_host', ({ authority }) => authority],
  ['request_method', ({ head }) => head.method],
  ['request_uri', ({ head }) => requestUri(head.target)],
  // The name is ours.
  ['request_uri_without_slash', ({ head }) => requestUri(head.target).replace(/\/$/, '')],
  ['escaped_request_uri', ({ head }) => encodeComponent(requestUri(head.target))],
  ['uri', ({ path }) => path],
  // nginx's $uri for routes of Ingresses. The name is ours.
  ['decoded_uri', ({ decodedPath }) => decodedPath],
  ['args', ({ query }) => query.slice(1)],
  ['is_args', ({ query }) => (query === '' ? '' : '?')],
  ...Object.entries(CERTIFICATE_VARIABLES).map(([name, of]): [string, Variable] => [
    name,
    ({ client }) => of(client.tls),
  ]),
]);

/** @param name without the dollar sign @returns undefined for one that is not known */
export function variableOf(name: string): Variable | undefined {
  const plain = PLAIN.get(name);
  if (plain !== undefined) return plain;
  const [, kind, rest = ''] = NAMED_VARIABLE.exec(name) ?? [];
  switch (kind) {
    case 'http': {
      // nginx writes every character of a header's name that is no letter or digit as an underscore.
      const field = rest.toLowerCase().replaceAll('_', '-');
      // The heads know where it is, and need not be looked through.
      if (field === 'authorization') return ({ head }) => (head.has(AUTHORIZATION) ? head.value(AUTHORIZATION) : '');
      const separator = field === 'cookie' ? '; ' : ', ';
      return ({ head }) => head.field(field, separator);
    }
    case 'cookie':
      return ({ head }) => cookieValue(head.field('cookie', '; '), rest);
    case 'arg':
      return ({ query }) => queryValue(query, rest);
    default:
      return undefined;
  }
}

function listed(before: string, last: string): string {
  return before === '' ? last : `${before}, ${last}`;
}

/** A text, some parts of which are those of each request. */
export class VariableText {
  readonly #parts: readonly (string | Variable)[];

  /** @param parts whose variables are known */
  constructor(parts: readonly TextPart[]) {
    this.#parts = parts.map(part => (typeof part === 'string' ? part : (variableOf(part.variable) ?? '')));
  }

  /** @param encode is done to the values of variables alone */
  of(source: VariableSource, encode: (value: string) => string): string {
    let text = '';
    for (const part of this.#parts) text += typeof part === 'string' ? part : encode(part(source));
    return text;
  }

  /** The values of its variables, in their order. */
  values(source: VariableSource): readonly string[] {
    const values: string[] = [];
    for (const part of this.#parts) if (typeof part !== 'string') values.push(part(source));
    return values;
  }
}

/** Path and query as they came. A target may be a whole URL (RFC 9112 section 3.2.2). */
export function requestUri(target: string): string {
  if (target.startsWith('/')) return target;
  const { path, suffix } = parseUriReference(target);
  return (path === '' ? '/' : path) + suffix;
}
