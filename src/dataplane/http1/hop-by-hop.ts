import { listElements, parametersOf } from '../../formats/http/list.ts';

/** Headers that speak to the next hop only (RFC 9110 section 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
  // Not standard, but sent by old clients that think they talk to a proxy.
  'proxy-connection',
  // Consumed by the first proxy that asks for credentials (RFC 9110 section 11.7).
  'proxy-authorization',
  'proxy-authenticate',
  'proxy-authentication-info',
]);

/** @param name in lower case */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name);
}

/** Adds the header names that the value of a Connection header lists, in lower case, to `into`. */
export function addConnectionOptions(value: string, into: Set<string>): void {
  for (const option of listElements(value)) into.add(option.toLowerCase());
}

/** The `timeout` of a Keep-Alive header in milliseconds; -1 when it has none. */
export function keepAliveTimeout(value: string): number {
  for (const element of listElements(value)) {
    const timeout = parametersOf(element).find(({ name }) => name === 'timeout');
    if (timeout !== undefined && /^\d{1,7}$/.test(timeout.value)) return Number(timeout.value) * 1000;
  }
  return -1;
}
