import type { HashKey } from '../../../model/cluster.ts';
import type { PickRequest } from './balancer.ts';

/** @returns what gives the key of a request; empty where the request lacks it */
export function hashKeyOf(key: HashKey): (request: PickRequest) => string {
  switch (key.from) {
    case 'client-ip':
      return request => request.clientIp();
    case 'uri':
      return request => request.uri();
    case 'header':
      return headerKey(key.name.toLowerCase());
    case 'cookie':
      return request => request.cookie(key.name);
    case 'query':
      return request => request.query(key.name);
    case 'text':
      return request => textKey(key.parts, request);
  }
}

function headerKey(name: string): (request: PickRequest) => string {
  return request => request.header(name);
}

/** A text with variables is absent where it has variables and all of them are empty: what is left is the same for every request. */
function textKey(parts: readonly (string | { readonly variable: string })[], request: PickRequest): string {
  let text = '';
  let hasVariable = false;
  let hasValue = false;
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part;
    } else {
      const value = request.variable(part.variable);
      hasVariable = true;
      hasValue ||= value !== '';
      text += value;
    }
  }
  return hasVariable && !hasValue ? '' : text;
}
