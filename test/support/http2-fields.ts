/** Header blocks of HTTP/2 as bytes: literals that enter no table, written apart from `src`. */

export type Fields = readonly (readonly [name: string, value: string])[];

export function literals(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), string(name), string(value)]));
}

/** RFC 7541 section 5.1. @param bits the others of its first byte */
export function integer(value: number, prefixBits: number, bits = 0): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([bits | value]);
  const bytes = [bits | most];
  let rest = value - most;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push(0x80 | (rest % 0x80));
  return Buffer.from([...bytes, rest]);
}

/** A string without Huffman's code (RFC 7541 section 5.2). */
export function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([integer(bytes.length, 7), bytes]);
}

/** A GET as HTTP/2 has it. @param more further fields */
export function getFields(path: string, more: Fields = []): Fields {
  return requestFields('GET', path, more);
}

export function requestFields(method: string, path: string, more: Fields = []): Fields {
  return [[':method', method], [':scheme', 'http'], [':path', path], [':authority', 'test'], ...more];
}
