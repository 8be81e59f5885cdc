import { formatHostPort } from './host-port.ts';

/** Words that logs, Events and several commands share. */

/** `1 route`, `2 routes` */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}

/** `*` for any host, which is an empty string in the table, and `_`, as nginx writes it, for those that no other route names. */
export function hostLabel(host: string): string {
  return host === '' ? '*' : host;
}

/** As nginx writes locations: `= /a` for a whole path, `~* ^/a` for a pattern. */
export function pathLabel({ path, match }: { readonly path: string; readonly match?: string | undefined }): string {
  if (match === 'exact') return `= ${path}`;
  return match === 'regex' ? `~* ^${path}` : path;
}

/** The same for a rule of a Gateway, whose patterns take whole paths, with regard to case. */
export function gatewayPathLabel({
  path,
  match,
}: {
  readonly path: string;
  readonly match?: string | undefined;
}): string {
  return match === 'regex' ? `~ ^${path}$` : pathLabel({ path, match });
}

/** `shop/web` for a Service, `Ingress shop/web` for an object of another kind. */
export function objectLabel(object: {
  readonly kind?: string | undefined;
  readonly namespace: string;
  readonly name: string;
}): string {
  const name = `${object.namespace}/${object.name}`;
  return object.kind === undefined ? name : `${object.kind} ${name}`;
}

/** The Service of a route; the default backend of Ingresses is none of the cluster. */
export function serviceLabel({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return namespace === '' ? '404, as no path takes it' : `${namespace}/${name}`;
}

export function endpointLabel({ address, port }: { readonly address: string; readonly port: number }): string {
  return formatHostPort(address, port);
}
