import { isIP } from 'node:net';
import { FormatError } from '../errors.ts';
import { formatHostPort } from '../text/host-port.ts';
import { quote } from '../text/quote.ts';

/** Where a TCP listener binds. Port 0 lets the system choose. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Reads `0.0.0.0:8080`, `[::1]:8080` or `:8080` (every IPv4 address). Names are refused: they may mean several addresses. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text.trim());
  const host = match?.[1] ?? (match?.[2] || '0.0.0.0');
  const port = Number(match?.[3]);
  if (match === null || port > 65_535 || isIP(host) !== (match[1] === undefined ? 4 : 6)) {
    throw new FormatError(
      `${quote(text)} is not an address to listen on: write ADDRESS:PORT, as in 127.0.0.1:8080 or [::]:8080`,
    );
  }
  return { host, port };
}

export function formatListenAddress({ host, port }: ListenAddress): string {
  return formatHostPort(host, port);
}
