import { isIP } from 'node:net';

/** The addresses that a hosts file (hosts(5)) gives a name, in its order. */
export function hostAddresses(text: string, name: string): string[] {
  const wanted = name.toLowerCase();
  const addresses: string[] = [];
  for (const line of text.split('\n')) {
    const [address = '', ...names] = (line.split('#', 1)[0] ?? '').trim().split(/[ \t]+/);
    if (isIP(address) !== 0 && names.some(known => known.toLowerCase() === wanted)) addresses.push(address);
  }
  return addresses;
}
