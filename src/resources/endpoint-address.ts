import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/**
 * The one form of an address that an endpoint may have. Loopback is allowed: the API server refuses it, but manifests for
 * one machine need it.
 * @returns undefined for what is no literal IP address, and for one that no pod can have: unspecified, link-local (where
 * clouds tell secrets to any process that asks), multicast, or IPv4 in the form of IPv6, which would go around checks
 */
export function usableAddress(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (isIPv4(value)) return isOfEndpoint4(value) ? value : undefined;
  // Node takes a zone, as in fe80::1%eth0.
  if (!isIPv6(value) || value.includes('%')) return undefined;
  const { address } = new SocketAddress({ address: value, family: 'ipv6' });
  return UNUSABLE_6.test(address) ? undefined : address;
}

const UNUSABLE_6 = /^(?:::$|::ffff:|fe[89ab].:|ff..:)/;

function isOfEndpoint4(address: string): boolean {
  const first = Number.parseInt(address, 10);
  return first > 0 && first < 224 && !address.startsWith('169.254.');
}
