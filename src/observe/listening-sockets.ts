/** Why a TCP address cannot be listened on, and which socket is in the way. */
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { codeOf, messageOf } from '../errors.ts';
import { formatListenAddress, type ListenAddress } from '../formats/listen-address.ts';

/** @param flag that chooses another address */
export function listenProblem(address: ListenAddress, error: unknown, flag: string): string {
  switch (codeOf(error)) {
    case 'EADDRINUSE': {
      // Workers have a socket each on one address.
      const others = [...new Set(socketsInTheWay(address).map(formatListenAddress))];
      const where = others.length === 0 ? 'there' : `on ${others.join(' and ')}`;
      return `another program listens ${where}: stop it, or choose another address with ${flag}`;
    }
    case 'EACCES':
      return `ports below 1024 need a privilege: choose another with ${flag}`;
    case 'EADDRNOTAVAIL':
      return `this machine has no such address: choose another with ${flag}`;
    default:
      return messageOf(error);
  }
}

/** Linux only; elsewhere nothing is known. A wildcard is in the way of every address with its port, and the other way round. */
function socketsInTheWay({ host, port }: ListenAddress): ListenAddress[] {
  return [...listening('/proc/net/tcp'), ...listening('/proc/net/tcp6')].filter(
    other => other.port === port && (other.host === host || isWildcard(other.host) || isWildcard(host)),
  );
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** TCP_LISTEN of the kernel's net/tcp_states.h. */
const LISTEN = '0A';

/** @param file see proc_net_tcp.rst of the kernel: `sl local_address rem_address st …`, addresses in hex */
function listening(file: string): ListenAddress[] {
  let table: string;
  try {
    table = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return table.split('\n').flatMap(line => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    return state === LISTEN ? [{ host: readAddress(address), port: Number.parseInt(port, 16) }] : [];
  });
}

/** Words of 32 bits, on little-endian machines with their bytes reversed. */
function readAddress(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap(word => {
    const inOrder = [...Buffer.from(word, 'hex')];
    return endianness() === 'LE' ? inOrder.reverse() : inOrder;
  });
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  // The URL parser writes the shortest form (RFC 5952).
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
