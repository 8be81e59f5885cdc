/** Headers of the PROXY protocol, written by what the specification says and without the program's own code. */

export const SIGNATURE: Buffer = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

export interface Field {
  readonly type: number;
  readonly value: Buffer;
}

export interface V2Header {
  readonly versionAndCommand?: number;
  readonly familyAndTransport?: number;
  /** Addresses and ports. */
  readonly addresses?: Buffer;
  readonly fields?: readonly Field[];
  /** What the header says of its length, where that is not so. */
  readonly length?: number;
}

/** Of IPv4 addresses: 192.0.2.7:4711 to 198.51.100.1:443. */
export const INET_ADDRESSES: Buffer = Buffer.from('c0000207c63364011267' + '01bb', 'hex');

export function v2Header(header: V2Header = {}): Buffer {
  const { versionAndCommand = 0x21, familyAndTransport = 0x11, addresses = INET_ADDRESSES, fields = [] } = header;
  const rest = Buffer.concat([addresses, ...fields.map(field)]);
  const head = Buffer.from([versionAndCommand, familyAndTransport, 0, 0]);
  head.writeUInt16BE(header.length ?? rest.length, 2);
  return Buffer.concat([SIGNATURE, head, rest]);
}

export function field({ type, value }: Field): Buffer {
  const head = Buffer.from([type, 0, 0]);
  head.writeUInt16BE(value.length, 1);
  return Buffer.concat([head, value]);
}

/** A header with a checksum that is right, behind the other fields. */
export function checkedHeader(fields: readonly Field[] = []): Buffer {
  const header = v2Header({ fields: [...fields, { type: 3, value: Buffer.alloc(4) }] });
  header.writeUInt32BE(bitwiseCrc32c(header), header.length - 4);
  return header;
}

/** Bit by bit, as RFC 3385 defines it. */
export function bitwiseCrc32c(bytes: Buffer): number {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    for (let bit = 0n; bit < 8n; bit += 1n) {
      const mixed = (crc ^ (BigInt(byte) >> bit)) & 1n;
      crc >>= 1n;
      if (mixed === 1n) crc ^= 0x82f63b78n;
    }
  }
  return Number(crc ^ 0xffffffffn);
}
