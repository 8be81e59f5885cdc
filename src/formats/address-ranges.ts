import { BlockList, isIP } from 'node:net';
import { FormatError } from '../errors.ts';
import { quote } from '../text/quote.ts';
import { Ipv4Ranges, ipv4Number } from './ipv4-ranges.ts';

/** A set of IP addresses given as CIDR ranges: `10.0.0.0/8,fd00::/8,192.0.2.7`. */
export class AddressRanges {
  readonly ranges: readonly string[];
  /** All of them: it knows IPv4 addresses that are written as IPv6 ones. */
  readonly #list = new BlockList();
  readonly #ipv4: Ipv4Ranges;
  readonly #hasIpv6: boolean;

  /** @throws FormatError naming the range that cannot be read */
  constructor(ranges: readonly string[]) {
    this.ranges = ranges;
    const ipv4: [address: string, prefix: number][] = [];
    for (const range of ranges) {
      const [address = '', bits, ...rest] = range.split('/');
      const family = isIP(address);
      const width = family === 6 ? 128 : 32;
      const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
      if (family === 0 || rest.length > 0 || !(prefix <= width)) {
        throw new FormatError(`${quote(range)} is not a range of addresses: write CIDR, as in 10.0.0.0/8 or fd00::/8`);
      }
      this.#list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
      if (family === 4) ipv4.push([address, prefix]);
    }
    this.#ipv4 = new Ipv4Ranges(ipv4);
    this.#hasIpv6 = ipv4.length < ranges.length;
  }

  get isEmpty(): boolean {
    return this.ranges.length === 0;
  }

  /** False for anything that is not an IP address. An IPv4-mapped IPv6 address counts as its IPv4 one. */
  has(address: string): boolean {
    const plain = unmapAddress(address);
    const number = ipv4Number(plain);
    if (number >= 0) return this.#ipv4.has(number) || (this.#hasIpv6 && this.#list.check(plain, 'ipv4'));
    return isIP(plain) === 6 && this.#list.check(plain, 'ipv6');
  }
}

/** A dual-stack listener reports IPv4 peers as `::ffff:10.0.0.1`; backends and logs want `10.0.0.1`. */
export function unmapAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
