import { formatHostPort } from '../formats/host-port.ts';

/** Words that logs, Events and several commands share. */

/** `1 route`, `2 routes` */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `*` for any host, which is an empty string in the table. */
export function hostLabel(host: string): string {
  return host === '' ? '*' : host;
}

export function endpointLabel({ address, port }: { readonly address: string; readonly port: number }): string {
  return formatHostPort(address, port);
}
