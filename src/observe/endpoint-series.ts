/** The series of endpoints, written straight into text as those of Services are: many endpoints make many lines. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ServiceRef } from '../model/route.ts';
import { familyHead, labelValue } from './exposition.ts';

/** How many endpoints a Service has, by state. */
export interface EndpointCounts {
  readonly service: ServiceRef;
  readonly counts: ReadonlyMap<string, number>;
}

/** What is counted for one endpoint. */
export interface EndpointFigures {
  readonly service: ServiceRef;
  /** Empty where it is not known. */
  readonly pod: string;
  readonly address: string;
  readonly port: number;
  readonly inFlight: number;
  readonly firstByteMs: number | undefined;
}

/** Where the numbers come from. They are made as they are read, because they may be many. */
export interface EndpointStatistics {
  counts(): Iterable<EndpointCounts>;
  /** Since the start, by reason. */
  readonly ejections: Readonly<Record<string, number>>;
  figures(): Iterable<EndpointFigures>;
}

/** Lines written before other work of this thread gets its turn. */
const BATCH = 200;

const ENDPOINTS = 'kube_entry_endpoints';
const IN_FLIGHT = 'kube_entry_endpoint_requests_in_flight';
const FIRST_BYTE = 'kube_entry_endpoint_first_byte_seconds';

/** Zeros are written, too, so that an alert can see that no endpoint is ready. */
const STATES = ['ready', 'draining', 'ejected', 'unhealthy'];

/** How many endpoints each Service has, by state. An endpoint on trial still counts as ejected. */
export async function endpointSeries(all: Iterable<EndpointCounts>): Promise<Buffer[]> {
  const text = new LinesInPieces(familyHead(ENDPOINTS, 'gauge', 'Endpoints of Services that are balanced over them.'));
  for (const { service, counts } of all) {
    const labels = serviceLabels(service);
    for (const state of STATES) {
      const count = (counts.get(state) ?? 0) + (state === 'ejected' ? (counts.get('trial') ?? 0) : 0);
      await text.add(`${ENDPOINTS}{${labels},state="${state}"} ${count}\n`);
    }
  }
  return text.end();
}

/** The series of single endpoints. Each has a label for its pod, so they are many, and others come with every rollout. */
export async function perEndpointSeries(all: Iterable<EndpointFigures>): Promise<Buffer[]> {
  const inFlight = new LinesInPieces(familyHead(IN_FLIGHT, 'gauge', 'Requests in flight at an endpoint.'));
  const firstBytes = new LinesInPieces(
    familyHead(FIRST_BYTE, 'gauge', 'Moving average of the time to the first byte of an endpoint.'),
  );
  for (const figures of all) {
    const labels = endpointLabels(figures);
    await inFlight.add(`${IN_FLIGHT}{${labels}} ${figures.inFlight}\n`);
    if (figures.firstByteMs === undefined) continue;
    await firstBytes.add(`${FIRST_BYTE}{${labels}} ${figures.firstByteMs / 1000}\n`);
  }
  return [...inFlight.end(), ...firstBytes.end()];
}

/** A long text, encoded piece by piece: all at once would hold up this thread. */
class LinesInPieces {
  readonly #done: Buffer[] = [];
  #text: string;
  #lines = 0;

  constructor(text: string) {
    this.#text = text;
  }

  add(line: string): Promise<void> | undefined {
    this.#text += line;
    this.#lines += 1;
    if (this.#lines % BATCH !== 0) return undefined;
    this.#cut();
    return nextTurn();
  }

  end(): Buffer[] {
    this.#cut();
    return this.#done;
  }

  #cut(): void {
    this.#done.push(Buffer.from(this.#text));
    this.#text = '';
  }
}

function serviceLabels({ namespace, name }: ServiceRef): string {
  return `namespace="${labelValue(namespace)}",service="${labelValue(name)}"`;
}

function endpointLabels({ service, pod, address, port }: EndpointFigures): string {
  return `${serviceLabels(service)},pod="${labelValue(pod)}",address="${labelValue(address)}",port="${port}"`;
}
