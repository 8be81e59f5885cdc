import { unmapAddress } from './address-ranges.ts';

const COLON = 0x3a;
const PERCENT = 0x25;
const GROUPS = 8;

/** Of the address read last. */
const groups = new Uint16Array(GROUPS);

/**
 * What counts as one client: an IPv4 address, or the /64 of an IPv6 one, in one form for each. A subscriber gets at least a /64
 * (RFC 6177), and could take another address of it for every request.
 * @param address an IP address
 */
export function clientNetwork(address: string): string {
  if (!address.includes(':')) return address;
  const plain = unmapAddress(address);
  if (!plain.includes(':')) return plain;
  read(plain.includes('.') ? withoutDots(plain) : plain);
  const [a = 0, b = 0, c = 0, d = 0, e, f, high = 0, low = 0] = groups;
  // An IPv4 address that is written as an IPv6 one (RFC 4291 section 2.5.5.2).
  if ((a | b | c | d) === 0 && e === 0 && f === 0xffff) return `${dotted(high)}.${dotted(low)}`;
  return `${a.toString(16)}:${b.toString(16)}:${c.toString(16)}:${d.toString(16)}::/64`;
}

/** Takes an IPv6 address apart, in one pass: a client may be asked for with every request. */
function read(address: string): void {
  groups.fill(0);
  let count = 0;
  let gap = GROUPS;
  let group = 0;
  for (let at = 0; at < address.length; at += 1) {
    const code = address.charCodeAt(at);
    if (code === PERCENT) break;
    if (code !== COLON) {
      // The low four bits of a letter count up from one.
      group = (group << 4) | ((code & 0xf) + (code > COLON ? 9 : 0));
    } else if (address.charCodeAt(at + 1) === COLON) {
      if (at > 0) groups[count++] = group;
      gap = count;
      group = 0;
      at += 1;
    } else {
      groups[count++] = group;
      group = 0;
    }
  }
  groups[count++] = group;
  // What stands behind the two colons belongs to the end.
  groups.copyWithin(GROUPS - count + gap, gap, count);
  groups.fill(0, gap, GROUPS - count + gap);
}

/** Its last part, `192.0.2.7`, in two groups: `c000:207`. */
function withoutDots(address: string): string {
  const start = address.lastIndexOf(':') + 1;
  const [a = 0, b = 0, c = 0, d = 0] = address.slice(start).split('.').map(Number);
  return `${address.slice(0, start)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function dotted(group: number): string {
  return `${group >> 8}.${group & 0xff}`;
}
