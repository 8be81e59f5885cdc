/** CRC-32C, Castagnoli's (RFC 3385): what the PROXY protocol protects its headers with. node:zlib has another polynomial. */

const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let rest = index;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  return rest;
});

/** @param blank where four bytes begin that count as zeros: the place of the checksum itself */
export function crc32c(bytes: Uint8Array, end: number, blank: number): number {
  let crc = 0xffffffff;
  for (let at = 0; at < end; at += 1) {
    const byte = at >= blank && at < blank + 4 ? 0 : (bytes[at] as number);
    crc = (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
