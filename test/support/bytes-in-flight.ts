/**
 * Bytes that the kernel has taken from a sender and not yet given to the receiver, though it could: a segment that was lost on
 * the way is sent again only after a while, on a loopback device, too. The tables are those of proc_net_tcp in the kernel's
 * documentation.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'].filter(path => existsSync(path));
const ESTABLISHED = '01';
/** The timer of a sender whose bytes are not acknowledged; one whose receiver has no room left has another one. */
const RETRANSMISSION = '01';
/** So often a receiver without room has dropped what it had room for when it was sent: it is held back by its reader after all. */
const IN_VAIN = 3;

/** @returns whether a TCP connection of this process carries bytes that are not acknowledged, in either direction; false without /proc */
export function hasBytesInFlight(): boolean {
  if (TABLES.length === 0) return false;
  const own = ownSockets();
  return TABLES.some(path => carriesBytes(readFileSync(path, 'latin1'), own));
}

/** @param own inodes of the sockets that count, as ends that send or receive */
export function carriesBytes(table: string, own: ReadonlySet<string>): boolean {
  const rows = table.split('\n').map(line => line.trim().split(/\s+/));
  const ends = new Set(
    rows.flatMap(([, local, remote, , , , , , , inode]) => (own.has(inode ?? '') ? [`${local} ${remote}`] : [])),
  );
  return rows.some(([, local, remote, state, queues = '', timer = '', resent = '']) => {
    if (state !== ESTABLISHED || !timer.startsWith(`${RETRANSMISSION}:`) || /^0+:/.test(queues)) return false;
    const isOwn = ends.has(`${local} ${remote}`) || ends.has(`${remote} ${local}`);
    return isOwn && Number.parseInt(resent, 16) < IN_VAIN;
  });
}

function ownSockets(): Set<string> {
  const inodes = new Set<string>();
  for (const descriptor of readdirSync('/proc/self/fd')) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    } catch {
      // It was closed meanwhile.
    }
  }
  return inodes;
}
