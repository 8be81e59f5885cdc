const DOT = 0x2e;
const ZERO = 0x30;

/**
 * The number that an IPv4 address is: four parts without leading zeros, as node:net's isIPv4() takes them.
 * @returns -1 for another text
 */
export function ipv4Number(text: string): number {
  const { length } = text;
  let number = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0) return -1;
      number = number * 256 + part;
      part = 0;
      digits = 0;
      dots += 1;
    } else {
      const digit = code - ZERO;
      // A part that begins with a zero is that zero.
      if (digit < 0 || digit > 9 || (digits > 0 && part === 0)) return -1;
      part = part * 10 + digit;
      digits += 1;
      if (part > 255) return -1;
    }
  }
  return dots === 3 && digits > 0 ? number * 256 + part : -1;
}

/** A set of IPv4 addresses: each request may ask for one, and node:net's BlockList takes ten times as long for that. */
export class Ipv4Ranges {
  /** First and last address of each range, in order; no two ranges have an address in common. */
  readonly #bounds: Float64Array;

  /** @param ranges an address, and of how many bits its range is */
  constructor(ranges: readonly (readonly [address: string, prefix: number])[]) {
    const sorted = ranges
      .map(([address, prefix]) => {
        const size = 2 ** (32 - prefix);
        const first = Math.floor(ipv4Number(address) / size) * size;
        return { first, last: first + size - 1 };
      })
      .sort((a, b) => a.first - b.first);
    const bounds: number[] = [];
    for (const { first, last } of sorted) {
      const before = bounds.at(-1);
      if (before === undefined || first > before) bounds.push(first, last);
      else bounds[bounds.length - 1] = Math.max(before, last);
    }
    this.#bounds = Float64Array.from(bounds);
  }

  /** @param address a number, as of ipv4Number() */
  has(address: number): boolean {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length >> 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((bounds[2 * middle + 1] as number) < address) low = middle + 1;
      else high = middle;
    }
    return 2 * low < bounds.length && (bounds[2 * low] as number) <= address;
  }
}
