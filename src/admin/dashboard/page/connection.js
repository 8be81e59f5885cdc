/**
 * The stream of events. It is opened again whenever it ends, and counts as lost when it falls silent, since a forwarded port
 * may stay open without its other end. The server, too, ends a stream whose reader no longer reports itself.
 */

/** The server speaks once a second. */
const SILENCE_MS = 5_000;
const RETRY_MS = 1_000;
/** How often the page reports itself: a third of the time that the server waits for a report. */
const PRESENCE_MS = 10_000;
/** A hidden page closes its stream, so that the server does no work for it. */
const HIDDEN_MS = 5 * 60_000;

/** @typedef {'connecting' | 'live' | 'lost' | 'full' | 'paused'} ConnectionState */

export class Connection {
  #url;
  #onEvent;
  #onState;
  /** @type {EventSource | undefined} */
  #source;
  /** @type {ConnectionState} */
  #state = 'connecting';
  #silence = 0;
  #retry = 0;
  #hidden = 0;
  /** What the server calls this reader. */
  #viewer = '';
  #presentAt = 0;

  /**
   * @param {string} url
   * @param {Readonly<Record<string, (data: any) => void>>} onEvent what to do with each event's JSON
   * @param {(state: ConnectionState) => void} onState
   */
  constructor(url, onEvent, onState) {
    this.#url = url;
    this.#onEvent = onEvent;
    this.#onState = onState;
    document.addEventListener('visibilitychange', () => this.#visibilityChanged());
    this.#open();
  }

  #open() {
    this.#close();
    const source = new EventSource(this.#url);
    this.#source = source;
    this.#listenFor();
    source.addEventListener('error', () => this.#lost());
    source.addEventListener('viewer', event => {
      this.#viewer = JSON.parse(event.data);
      this.#presentAt = performance.now();
    });
    for (const [name, handle] of Object.entries(this.#onEvent)) {
      source.addEventListener(name, event => {
        this.#listenFor();
        this.#become('live');
        this.#sayPresence();
        handle(JSON.parse(event.data));
      });
    }
  }

  #close() {
    clearTimeout(this.#silence);
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
  }

  #listenFor() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lost(), SILENCE_MS);
  }

  #sayPresence() {
    if (performance.now() - this.#presentAt < PRESENCE_MS) return;
    this.#presentAt = performance.now();
    // An answer that does not come is noticed by the stream.
    fetch(`dashboard/watching?${new URLSearchParams({ viewer: this.#viewer })}`).catch(() => undefined);
  }

  #lost() {
    this.#close();
    if (this.#state !== 'full') this.#become('lost');
    void this.#askWhy();
    this.#retry = setTimeout(() => this.#open(), RETRY_MS);
  }

  /** An EventSource does not say which status it was refused with. */
  async #askWhy() {
    try {
      const { status } = await fetch(this.#url, { method: 'HEAD' });
      if (this.#source === undefined) this.#become(status === 503 ? 'full' : 'lost');
    } catch {
      if (this.#source === undefined) this.#become('lost');
    }
  }

  #visibilityChanged() {
    clearTimeout(this.#hidden);
    if (document.hidden) {
      this.#hidden = setTimeout(() => {
        this.#close();
        this.#become('paused');
      }, HIDDEN_MS);
    } else if (this.#state === 'paused') {
      this.#become('connecting');
      this.#open();
    }
  }

  /** @param {ConnectionState} state */
  #become(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#onState(state);
  }
}
