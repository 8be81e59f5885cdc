/**
 * The series of each Service, written from the shared counters straight into text: ten thousand Services make a third
 * of a million lines, which takes prom-client, with its objects for each, about six times as long.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CounterBoard } from './counter-board.ts';
import { BUCKETS, type HistogramValues } from './counters.ts';
import { familyHead, labelValue } from './exposition.ts';

/** Services written before other work of this thread, such as a new route table, gets its turn. */
const BATCH = 100;

/** The ends of the bucket labels, +Inf last. */
const BOUNDS = [...BUCKETS.map(String), '+Inf'].map(bound => `,le="${bound}"} `);

const REQUESTS = 'kube_entry_requests_total';
const DURATION = 'kube_entry_request_duration_seconds';
const UPSTREAM = 'kube_entry_upstream_response_seconds';

/** The families of what is counted by Service, in pieces. A Service that had no request yet has no series. */
export async function serviceSeries(board: CounterBoard): Promise<Buffer[]> {
  const requests = new Pieces(
    familyHead(REQUESTS, 'counter', 'Requests answered; those no route took have empty labels.'),
  );
  const durations = new Pieces(familyHead(DURATION, 'histogram', 'From a request to the end of its response.'));
  const upstreams = new Pieces(familyHead(UPSTREAM, 'histogram', 'The upstream part of that.'));
  const families = [requests, durations, upstreams];
  let written = 0;
  for (const { service, block } of [...board.blocks()]) {
    const totals = board.totalsOf(block);
    const codes = totals.requestsByCode();
    if (codes.size === 0) continue;
    const labels = `namespace="${labelValue(service.namespace)}",service="${labelValue(service.name)}"`;
    for (const [code, count] of codes) {
      requests.text += `${REQUESTS}{${labels},code="${code === 0 ? 'other' : code}"} ${count}\n`;
    }
    durations.text += histogram(DURATION, labels, totals.requestSeconds());
    upstreams.text += histogram(UPSTREAM, labels, totals.upstreamSeconds());
    written += 1;
    if (written % BATCH === 0) {
      for (const family of families) family.cut();
      await nextTurn();
    }
  }
  return families.flatMap(family => family.cut());
}

/** A long text, encoded piece by piece: all at once would hold up this thread. */
class Pieces {
  readonly #done: Buffer[] = [];
  text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Ends a piece. @returns all so far */
  cut(): Buffer[] {
    this.#done.push(Buffer.from(this.text));
    this.text = '';
    return this.#done;
  }
}

function histogram(name: string, labels: string, { buckets, sum }: HistogramValues): string {
  let text = '';
  let count = 0;
  for (let index = 0; index < buckets.length; index += 1) {
    count += buckets[index] as number;
    text += `${name}_bucket{${labels}${BOUNDS[index]}${count}\n`;
  }
  // Nothing was observed: no request of this Service got as far.
  if (count === 0) return '';
  return `${text}${name}_sum{${labels}} ${sum}\n${name}_count{${labels}} ${count}\n`;
}
