/** As in a URL or a Host header: an IPv6 address gets its brackets (RFC 3986 section 3.2.2). */
export function formatHostPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
