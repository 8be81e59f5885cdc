import { isIPv4 } from 'node:net';
import { canonicalIPv6 } from './addresses.ts';
import type { ProxyFault, ProxyHeader } from './proxy-header.ts';

export const V1_PREFIX: Buffer = Buffer.from('PROXY ');

/** Of the longest line that the specification allows, with its end. */
const MAX_BYTES = 107;

const CR = 0x0d;
const LF = 0x0a;

/** Reads a header of version 1, a line of text. @returns undefined while it is incomplete */
export function readProxyV1(bytes: Buffer, end: number): ProxyHeader | ProxyFault | undefined {
  const last = Math.min(end, MAX_BYTES);
  let at = V1_PREFIX.length;
  while (at < last && bytes[at] !== CR && bytes[at] !== LF) at += 1;
  const isLineFeed = at < last && bytes[at] === LF;
  if (!isLineFeed && at + 1 >= last) return end < MAX_BYTES ? undefined : 'the line is longer than 107 bytes';
  if (isLineFeed || bytes[at + 1] !== LF) return 'the line does not end in CR LF';
  const words = bytes.toString('latin1', V1_PREFIX.length, at).split(' ');
  const source = words[0] === 'UNKNOWN' ? undefined : sourceOf(words);
  return source === '' ? 'the line is not PROXY, TCP4 or TCP6, two addresses and two ports' : { size: at + 2, source };
}

/** The first address of the line; empty where the line is no valid one. */
function sourceOf([family, source = '', destination = '', ...ports]: readonly string[]): string {
  if (ports.length !== 2 || !ports.every(isPort)) return '';
  if (family === 'TCP4') return isIPv4(source) && isIPv4(destination) ? source : '';
  if (family === 'TCP6') return canonicalIPv6(destination) === '' ? '' : canonicalIPv6(source);
  return '';
}

/** Without leading zeros, up to 65535. */
function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 0xffff;
}
