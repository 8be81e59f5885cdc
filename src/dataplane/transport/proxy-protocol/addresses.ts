import { isIPv6, SocketAddress } from 'node:net';
import { unmapAddress } from '../../../formats/address-ranges.ts';

/** An IPv6 address as the kernel would write it, an IPv4-mapped one as IPv4; empty for a text that is not an address. */
export function canonicalIPv6(text: string): string {
  // A zone, as in fe80::1%eth0, is a name of the sender's machine.
  if (!isIPv6(text) || text.includes('%')) return '';
  return unmapAddress(new SocketAddress({ address: text, family: 'ipv6' }).address);
}

/** @param at where its four bytes begin */
export function addressOfBytes4(bytes: Buffer, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** @param at where its sixteen bytes begin */
export function addressOfBytes16(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(at + 2 * index).toString(16));
  return canonicalIPv6(groups.join(':'));
}
