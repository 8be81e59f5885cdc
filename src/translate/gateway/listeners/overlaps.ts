/** Which listeners with TLS share hosts, so that one connection may carry requests for both. Pure. */
import type { Fault } from '../conditions.ts';
import type { OwnListener } from './own-listener.ts';

/** @param listeners those that could be served, of one Gateway with its ListenerSets @returns those that overlap with another */
export function findOverlaps(listeners: readonly OwnListener[]): ReadonlyMap<OwnListener, Fault> {
  const overlaps = new Map<OwnListener, Fault>();
  const withTls = listeners.filter(({ protocol }) => protocol !== 'HTTP');
  for (const group of Map.groupBy(withTls, ({ listener }) => listener.port).values()) {
    const byHostname = new Map(group.map(one => [one.hostname, one]));
    for (const one of group) {
      for (const wider of widerHostnames(one.hostname)) {
        const other = byHostname.get(wider);
        if (other === undefined) continue;
        overlaps.set(one, overlap(one, other));
        if (!overlaps.has(other)) overlaps.set(other, overlap(other, one));
      }
    }
  }
  return overlaps;
}

/** The hostnames of listeners that take this one's hosts, too. */
function widerHostnames(hostname: string): string[] {
  if (hostname === '') return [];
  const wider = [''];
  const labels = hostname.startsWith('*.') ? hostname.slice(1) : hostname;
  for (let dot = labels.indexOf('.', 1); dot >= 0; dot = labels.indexOf('.', dot + 1))
    wider.push(`*${labels.slice(dot)}`);
  return wider;
}

function overlap(one: OwnListener, other: OwnListener): Fault {
  const others = other.hostname || 'all hosts';
  const what = `another listener of port ${one.listener.port}, for ${others}, has hosts that this one has, too`;
  const message = `${what}: a client may send requests for both on one connection, and gets 421 for those of the other`;
  return { reason: 'OverlappingHostnames', message };
}
