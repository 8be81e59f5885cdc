/** Protocols by their ALPN names, as handshakes carry them: each behind its length (RFC 7301 section 3.1). */
export function alpnProtocols(names: readonly string[]): Buffer {
  return Buffer.concat(names.map(name => Buffer.from([name.length, ...Buffer.from(name)])));
}
