/** Those who watch: server-sent events (HTML Living Standard, section 9.2) to a bounded number of connections. */
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';

export const MAX_VIEWERS = 32;

/** How long a viewer keeps its place without saying that it is there; milliseconds. The page says so every ten seconds. */
const PATIENCE_MS = 30_000;

/** JSON by the name of the event. */
type Events = Readonly<Record<string, string>>;

interface Viewer {
  readonly response: ServerResponse;
  /** Texts of states that it has, by event. */
  readonly has: Map<string, string>;
  /** When it last said that it is there, by the clock. */
  seenAt: number;
}

/**
 * What is sent is always the whole state, so a viewer that is behind misses some of it and loses nothing: no more than
 * one sending ever waits for it. A viewer that reads nothing cannot be told by that, since the kernel takes megabytes for
 * it: it loses its place when it does not repeat the name that it was given in the stream.
 */
export class Viewers {
  /** By name. */
  readonly #viewers = new Map<string, Viewer>();
  readonly #now: () => number;

  /** @param now a clock that never goes back; milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
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
    const name = randomBytes(16).toString('base64url');
    this.#viewers.set(name, { response, has: new Map(Object.entries(states)), seenAt: this.#now() });
    response.once('close', () => this.#viewers.delete(name));
    const own = { viewer: JSON.stringify(name), ...events, ...states };
    response.write(frames(Object.entries(own)));
  }

  /** A viewer says that it is there. @returns false when it is unknown, or no longer known */
  seen(name: string): boolean {
    const viewer = this.#viewers.get(name);
    if (viewer === undefined) return false;
    viewer.seenAt = this.#now();
    return true;
  }

  /**
   * @param events sent to all
   * @param states sent to those who do not have them yet
   */
  send(events: Events, states: Events = {}): void {
    const always = frames(Object.entries(events));
    for (const viewer of this.#viewers.values()) {
      if (this.#now() - viewer.seenAt > PATIENCE_MS) {
        viewer.response.destroy();
        continue;
      }
      if (viewer.response.writableLength > 0) continue;
      const news = Object.entries(states).filter(([event, json]) => viewer.has.get(event) !== json);
      for (const [event, json] of news) viewer.has.set(event, json);
      viewer.response.write(frames(news) + always);
    }
  }

  /** Ends every stream. */
  close(): void {
    for (const { response } of this.#viewers.values()) response.end();
  }
}

/** JSON holds no line break of its own, so one data line is enough whatever is in it. */
function frames(events: readonly [event: string, json: string][]): string {
  return events.map(([event, json]) => `event: ${event}\ndata: ${json}\n\n`).join('');
}
