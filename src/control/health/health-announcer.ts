import type { Endpoint } from '../../model/cluster.ts';
import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import { QuietLog } from '../../observe/quiet-log.ts';
import type { EventSubject, ServiceEvent } from '../../sources/kube/event-object.ts';
import { endpointLabel } from '../../text/labels.ts';
import type { EventSink } from '../announcer.ts';

/** Endpoints that one message names. */
const MOST_NAMES = 5;

/** What becomes of an endpoint. */
export type HealthChange = 'ejected' | 'unhealthy' | 'returned';

const SAYINGS: Readonly<Record<HealthChange, Pick<ServiceEvent, 'type' | 'reason'> & { readonly log: string }>> = {
  ejected: {
    type: 'Warning',
    reason: 'EndpointEjected',
    log: 'endpoints get no requests, because requests to them failed',
  },
  unhealthy: {
    type: 'Warning',
    reason: 'EndpointUnhealthy',
    log: 'endpoints get no requests, because their checks fail',
  },
  returned: { type: 'Normal', reason: 'EndpointReturned', log: 'endpoints get requests again' },
};

export interface NamedEndpoint extends Endpoint {
  readonly pod: string;
}

export interface HealthAnnouncerOptions {
  readonly logger: Logger;
  /** Undefined where Events cannot be posted. */
  readonly events: () => EventSink | undefined;
  /** The object of a Service, for an Event about it; undefined where there is none. */
  readonly subjectOf: (service: ServiceRef) => EventSubject | undefined;
}

/**
 * Says which endpoints are sent away and which come back: for each Service one line and one Event for all that a sweep found. The
 * text of an Event has no times and counts, so that one which is said again is the same Event.
 */
export class HealthAnnouncer {
  readonly #options: HealthAnnouncerOptions;
  readonly #log: QuietLog;
  /** By change and Service. */
  #news = new Map<string, { readonly change: HealthChange; readonly service: ServiceRef; readonly texts: string[] }>();

  constructor(options: HealthAnnouncerOptions) {
    this.#options = options;
    this.#log = new QuietLog(options.logger);
  }

  /** @param why empty for one that comes back */
  note(change: HealthChange, service: ServiceRef, endpoint: NamedEndpoint, why = ''): void {
    const key = `${change} ${serviceKey(service)}`;
    const news = this.#news.get(key) ?? { change, service, texts: [] };
    this.#news.set(key, news);
    const what = change === 'returned' ? 'gets requests again' : `gets no requests: ${why}`;
    news.texts.push(`${nameOf(endpoint)} ${what}`);
  }

  /** Says what was noted. */
  flush(): void {
    const news = this.#news;
    this.#news = new Map();
    for (const { change, service, texts } of news.values()) {
      const { type, reason, log } = SAYINGS[change];
      const message = listOf(texts);
      const level = type === 'Warning' ? 'warn' : 'info';
      this.#log.line(level, { service: serviceKey(service), endpoints: message }, log);
      const subject = this.#options.subjectOf(service);
      if (subject !== undefined) this.#options.events()?.record({ service: subject, type, reason, message });
    }
  }
}

function nameOf(endpoint: NamedEndpoint): string {
  const where = endpointLabel(endpoint);
  return endpoint.pod === '' ? where : `${endpoint.pod} (${where})`;
}

function listOf(texts: readonly string[]): string {
  const named = texts.slice(0, MOST_NAMES).join('; ');
  return texts.length > MOST_NAMES ? `${named}; and ${texts.length - MOST_NAMES} more` : named;
}
