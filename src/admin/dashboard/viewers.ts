/** Those who watch: server-sent events (HTML Living Standard, section 9.2) to a bounded number of connections. */
import type { ServerResponse } from 'node:http';

export const MAX_VIEWERS = 32;

/** Sendings in a row that a viewer may miss because an earlier one has not left yet. */
const MAX_MISSED = 10;

/** JSON by the name of the event. */
type Events = Readonly<Record<string, string>>;

interface Viewer {
  readonly response: ServerResponse;
  /** Texts of states that it has, by event. */
  readonly has: Map<string, string>;
  missed: number;
}

/**
 * What is sent is always the whole state, so a viewer that is behind misses some of it and loses nothing: no more than
 * one sending ever waits for it. One that stays behind is dropped.
 */
export class Viewers {
  readonly #viewers = new Set<Viewer>();
  readonly #onChange: (count: number) => void;

  /** @param onChange hears how many there are */
  constructor(onChange: (count: number) => void) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#viewers.size;
  }

  get isFull(): boolean {
    return this.#viewers.size >= MAX_VIEWERS;
  }

  /**
   * @param response whose head is written
   * @param events for it alone: JSON by name
   * @param states as for {@link send}
   */
  add(response: ServerResponse, events: Events, states: Events = {}): void {
    const viewer: Viewer = { response, has: new Map(Object.entries(states)), missed: 0 };
    this.#viewers.add(viewer);
    response.once('close', () => {
      this.#viewers.delete(viewer);
      this.#onChange(this.#viewers.size);
    });
    response.write(frames([...Object.entries(events), ...Object.entries(states)]));
    this.#onChange(this.#viewers.size);
  }

  /**
   * @param events sent to all
   * @param states sent to those who do not have them yet
   */
  send(events: Events, states: Events = {}): void {
    const always = frames(Object.entries(events));
    for (const viewer of this.#viewers) {
      if (viewer.response.writableLength > 0) {
        viewer.missed += 1;
        if (viewer.missed > MAX_MISSED) viewer.response.destroy();
        continue;
      }
      viewer.missed = 0;
      const news = Object.entries(states).filter(([event, json]) => viewer.has.get(event) !== json);
      for (const [event, json] of news) viewer.has.set(event, json);
      viewer.response.write(frames(news) + always);
    }
  }

  /** Ends every stream. */
  close(): void {
    for (const { response } of this.#viewers) response.end();
  }
}

/** JSON holds no line break of its own, so one data line is enough whatever is in it. */
function frames(events: readonly [event: string, json: string][]): string {
  return events.map(([event, json]) => `event: ${event}\ndata: ${json}\n\n`).join('');
}
