import { addressOfBytes4, addressOfBytes16 } from './addresses.ts';
import { crc32c } from './crc32c.ts';
import type { ProxyFault, ProxyHeader } from './proxy-header.ts';

export const V2_SIGNATURE: Buffer = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** Signature, version and command, family and transport, length of the rest. */
const HEAD_BYTES = 16;
/** The length is a number of 16 bits. Real headers have some hundred bytes; nginx takes as many as this. */
const MAX_BYTES = 4096;

const VERSION = 2;
const LOCAL = 0;
const PROXY = 1;

const UNSPECIFIED = 0;
const INET = 1;
const INET6 = 2;
const UNIX = 3;
const STREAM = 1;
/** Bytes of both addresses and ports, by family. */
const ADDRESS_BYTES = [0, 12, 36, 216] as const;

const TYPE_CRC32C = 0x03;
const TYPE_UNIQUE_ID = 0x05;
const TYPE_SSL = 0x20;
const MAX_UNIQUE_ID_BYTES = 128;
/** Flags, and whether the client's certificate was verified; further fields follow. */
const SSL_BYTES = 5;

/** Reads a header of version 2, which is binary. @returns undefined while it is incomplete */
export function readProxyV2(bytes: Buffer, end: number): ProxyHeader | ProxyFault | undefined {
  if (end < HEAD_BYTES) return undefined;
  const [version, command] = nibbles(bytes[12] as number);
  const [family, transport] = nibbles(bytes[13] as number);
  const size = HEAD_BYTES + bytes.readUInt16BE(14);
  if (version !== VERSION) return `version ${version} is not known`;
  if (size > MAX_BYTES) return `the header is longer than ${MAX_BYTES} bytes`;
  // The sender's own connection, a health check for example: whatever else the header says does not count.
  if (command === LOCAL) return end < size ? undefined : { size, source: undefined };
  if (command !== PROXY) return `command ${command} is not known`;
  if (family > UNIX) return `address family ${family} is not known`;
  if (family === UNSPECIFIED) return end < size ? undefined : { size, source: undefined };
  if (transport !== STREAM) return `transport ${transport} is not a stream`;
  const fieldsStart = HEAD_BYTES + (ADDRESS_BYTES[family] as number);
  if (fieldsStart > size) return 'the addresses are cut short';
  if (end < size) return undefined;
  return fieldsFault(bytes, fieldsStart, size) ?? { size, source: sourceOf(bytes, family) };
}

/** @param family not {@link UNSPECIFIED} */
function sourceOf(bytes: Buffer, family: number): string | undefined {
  switch (family) {
    case INET:
      return addressOfBytes4(bytes, HEAD_BYTES);
    case INET6:
      return addressOfBytes16(bytes, HEAD_BYTES);
    default:
      // A client of a unix socket has no address.
      return undefined;
  }
}

/** What is wrong with the fields behind the addresses, each of a type, a length and a value. */
function fieldsFault(bytes: Buffer, start: number, end: number): ProxyFault | undefined {
  let at = start;
  let isChecked = false;
  while (at < end) {
    const valueStart = at + 3;
    const valueEnd = endOfField(bytes, at, end);
    const size = valueEnd - valueStart;
    if (valueEnd < 0) return 'a field is cut short';
    switch (bytes[at]) {
      case TYPE_CRC32C:
        if (size !== 4 || isChecked) return 'the checksum is not one of 4 bytes';
        if (crc32c(bytes, end, valueStart) !== bytes.readUInt32BE(valueStart)) return 'the checksum is wrong';
        isChecked = true;
        break;
      case TYPE_UNIQUE_ID:
        if (size > MAX_UNIQUE_ID_BYTES) return `the unique id is longer than ${MAX_UNIQUE_ID_BYTES} bytes`;
        break;
      case TYPE_SSL:
        if (size < SSL_BYTES || !areFields(bytes, valueStart + SSL_BYTES, valueEnd))
          return 'the field SSL is cut short';
        break;
      default:
    }
    at = valueEnd;
  }
  return undefined;
}

function areFields(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at >= 0 && at < end) at = endOfField(bytes, at, end);
  return at === end;
}

/** @returns where the field that begins at `at` ends; -1 where that is behind `end` */
function endOfField(bytes: Buffer, at: number, end: number): number {
  const valueStart = at + 3;
  const valueEnd = valueStart > end ? -1 : valueStart + bytes.readUInt16BE(at + 1);
  return valueEnd > end ? -1 : valueEnd;
}

function nibbles(byte: number): [high: number, low: number] {
  return [byte >> 4, byte & 0xf];
}
