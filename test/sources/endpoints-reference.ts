/** The rules of `endpointsOf`, written again from what Kubernetes documents, one comparison of two rows at a time. */
import type { EndpointSlice } from '../../src/resources/endpoint-slice.ts';
import type { SliceEndpoint } from '../../src/resources/slice-endpoint.ts';

export interface ReferenceQuestion {
  readonly portName: string;
  readonly isSixPreferred: boolean;
  readonly isLocal: boolean;
  readonly nodeName: string;
  readonly zone: string;
  readonly zoneMinimum: number;
}

interface Row extends SliceEndpoint {
  readonly place: string;
  readonly who: string;
  readonly score: number;
  readonly order: number;
}

/** @returns `PLACE ready` or `PLACE draining` of each endpoint, sorted */
export function referenceEndpoints(slices: readonly EndpointSlice[], question: ReferenceQuestion): string[] {
  const { isLocal, nodeName, zone, zoneMinimum } = question;
  let rows = rowsOf(slices, question);
  rows = rows.filter(row => !rows.some(other => other.place === row.place && beats(other, row)));
  rows = rows.filter(row => !rows.some(other => other.who === row.who && beats(other, row)));
  if (isLocal) rows = rows.filter(row => row.nodeName === nodeName);
  const ready = rows.filter(({ state }) => state === 'ready');
  const ending = rows.filter(({ state }) => state === 'draining');
  if (ready.length === 0) return ending.map(({ place }) => `${place} ready`).sort();
  const onNode = ready.filter(({ forNodes }) => forNodes.includes(nodeName));
  const inZone = ready.filter(({ forZones }) => forZones.includes(zone));
  let taking = ready;
  if (ready.every(({ forZones }) => forZones.length > 0) && inZone.length >= zoneMinimum) taking = inZone;
  if (ready.every(({ forNodes }) => forNodes.length > 0) && onNode.length >= zoneMinimum) taking = onNode;
  return [...taking.map(({ place }) => `${place} ready`), ...ending.map(({ place }) => `${place} draining`)].sort();
}

function rowsOf(slices: readonly EndpointSlice[], { portName, isSixPreferred }: ReferenceQuestion): Row[] {
  const inOrder = slices.toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name, 'en'));
  const rows: Row[] = [];
  for (const { ports, endpoints } of inOrder) {
    for (const { name, port } of ports) {
      if (name !== portName || port === 0) continue;
      for (const endpoint of endpoints) {
        const { address, uid, state } = endpoint;
        const score = { ready: 20, draining: 10, unready: 0 }[state];
        const bonus = address.includes(':') === isSixPreferred ? 1 : 0;
        const who = `${uid || address} ${port}`;
        rows.push({ ...endpoint, place: `${address} ${port}`, who, score: score + bonus, order: rows.length });
      }
    }
  }
  return rows;
}

function beats(one: Row, other: Row): boolean {
  return one.score > other.score || (one.score === other.score && one.order < other.order);
}
