import { BlockList, isIP } from 'node:net';
import { FormatError } from '../errors.ts';
import { quote } from '../text/quote.ts';

/** A set of IP addresses given as CIDR ranges: `10.0.0.0/8,fd00::/8,192.0.2.7`. */
export class AddressRanges {
  readonly ranges: readonly string[];
  readonly #list = new BlockList();

  /** @throws FormatError naming the range that cannot be read */
  constructor(ranges: readonly string[]) {
    this.ranges = ranges;
    for (const range of ranges) {
      const [address = '', bits, ...rest] = range.split('/');
      const family = isIP(address);
      const width = family === 6 ? 128 : 32;
      const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
      if (family === 0 || rest.length > 0 || !(prefix <= width)) {
        throw new FormatError(`${quote(range)} is not a range of addresses: write CIDR, as in 10.0.0.0/8 or fd00::/8`);
      }
      this.#list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
    }
  }

  get isEmpty(): boolean {
    return this.ranges.length === 0;
  }

  /** False for anything that is not an IP address. An IPv4-mapped IPv6 address counts as its IPv4 one. */
  has(address: string): boolean {
    const plain = unmapAddress(address);
    const family = isIP(plain);
    return family !== 0 && this.#list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** A dual-stack listener reports IPv4 peers as `::ffff:10.0.0.1`; backends and logs want `10.0.0.1`. */
export function unmapAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
