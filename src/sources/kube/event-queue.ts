/** Events that wait to be posted: warnings before good news, and no more than memory has room for. */
import { identityOf, type ServiceEvent, subjectKey } from './event-object.ts';

/** Beyond, Events are left out: they are a courtesy, and memory is bounded. */
const LONGEST = 1_000;
/** Good news leaves room for bad news. */
const LONGEST_NORMAL = LONGEST / 2;
/** Of one Service, the newest: what it was in between is of no use. */
const LONGEST_OF_SERVICE = 10;

export interface WaitingEvent extends ServiceEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
}

export class EventQueue {
  /** By identity, in the order in which they came. */
  readonly #waiting = { Warning: new Map<string, WaitingEvent>(), Normal: new Map<string, WaitingEvent>() };
  /** How many of each Service are among them. */
  readonly #ofService = new Map<string, number>();

  get size(): number {
    return this.#waiting.Warning.size + this.#waiting.Normal.size;
  }

  /** @returns how many Events are left out because of it, perhaps itself */
  add(event: WaitingEvent): number {
    const service = subjectKey(event.service);
    // Said again before it was posted, it is the newest word on its Service.
    this.#remove(this.#find(event));
    let leftOut = 0;
    if ((this.#ofService.get(service) ?? 0) >= LONGEST_OF_SERVICE) {
      leftOut += this.#remove(this.#oldest(other => subjectKey(other.service) === service));
    }
    if (event.type === 'Normal' && this.#waiting.Normal.size >= LONGEST_NORMAL) return leftOut + 1;
    if (this.size >= LONGEST) {
      // The newest: the oldest may be on its way already.
      const goodNews = [...this.#waiting.Normal.values()].at(-1);
      if (goodNews === undefined) return leftOut + 1;
      leftOut += this.#remove(goodNews);
    }
    this.#waiting[event.type].set(identityOf(event), event);
    this.#ofService.set(service, (this.#ofService.get(service) ?? 0) + 1);
    return leftOut;
  }

  /** The first warning of those that may be posted now, else the first of the good news. */
  next(mayBePosted: (event: WaitingEvent) => boolean): WaitingEvent | undefined {
    return this.#waiting.Warning.values().find(mayBePosted) ?? this.#waiting.Normal.values().find(mayBePosted);
  }

  /** It was posted, or never will be. One that was said again meanwhile still waits. */
  done(event: WaitingEvent): void {
    if (this.#find(event) === event) this.#remove(event);
  }

  /** @returns how many Events are left out because of it */
  leaveOut(namespace: string): number {
    const all = [...this.#waiting.Warning.values(), ...this.#waiting.Normal.values()];
    return all.filter(event => event.service.namespace === namespace && this.#remove(event) === 1).length;
  }

  #find(event: ServiceEvent): WaitingEvent | undefined {
    return this.#waiting[event.type].get(identityOf(event));
  }

  #oldest(matches: (event: WaitingEvent) => boolean): WaitingEvent | undefined {
    const [warning, goodNews] = [this.#waiting.Warning, this.#waiting.Normal].map(map => map.values().find(matches));
    return warning !== undefined && (goodNews === undefined || warning.at <= goodNews.at) ? warning : goodNews;
  }

  /** @returns how many were removed: none or one */
  #remove(event: WaitingEvent | undefined): number {
    if (event === undefined || !this.#waiting[event.type].delete(identityOf(event))) return 0;
    const service = subjectKey(event.service);
    const left = (this.#ofService.get(service) ?? 1) - 1;
    if (left === 0) this.#ofService.delete(service);
    else this.#ofService.set(service, left);
    return 1;
  }
}
