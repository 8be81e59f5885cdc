import { formatHostPort } from '../formats/host-port.ts';

/** Words that several commands print. */

/** `1 route`, `2 routes` */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** People write any host as `*`; the table holds an empty text. */
export function hostLabel(host: string): string {
  return host === '' ? '*' : host;
}

export function endpointLabel({ address, port }: { readonly address: string; readonly port: number }): string {
  return formatHostPort(address, port);
}
