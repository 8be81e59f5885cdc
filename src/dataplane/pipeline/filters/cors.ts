import { detached } from '../../../formats/http/bytes.ts';
import { Origins } from '../../../formats/http/origins.ts';
import type { CorsPolicy, HeaderEdit } from '../../../model/policy.ts';
import { PreparedChanges } from './field-changes.ts';
import { type Filter, type FilteredExchange, LocalAnswer, type Verdict } from './filter.ts';

/** What the policy alone says: an upstream's own lines go, or they would open what the policy closes. */
export const ACCESS_CONTROL: readonly HeaderEdit[] = [
  'Access-Control-Allow-Origin',
  'Access-Control-Allow-Credentials',
  'Access-Control-Allow-Methods',
  'Access-Control-Allow-Headers',
  'Access-Control-Expose-Headers',
  'Access-Control-Max-Age',
].map(name => ({ op: 'remove', name, value: '' }));

/** A cache keeps the answers to different origins apart. Answers as those of ingress-nginx leave this out. */
export const VARY: HeaderEdit = { op: 'add', name: 'Vary', value: 'Origin' };

/** A wildcard lets clients choose among many origins. */
const MOST_KNOWN = 100;

/** Lets pages of other origins read answers, those of errors too, and answers preflights. */
export class Cors implements Filter {
  readonly #origins: Origins | undefined;
  readonly #preflightType: string;
  readonly #vary: readonly HeaderEdit[];
  readonly #allowing: readonly HeaderEdit[];
  readonly #denied: PreparedChanges;
  /** By origin, as clients write it. */
  readonly #known = new Map<string, PreparedChanges>();

  constructor(policy: CorsPolicy) {
    this.#origins = policy.origins.includes('*') ? undefined : new Origins(policy.origins);
    this.#preflightType = policy.asIngressNginx ? 'text/plain charset=UTF-8' : '';
    this.#vary = policy.asIngressNginx ? [] : [VARY];
    this.#allowing = allowing(policy);
    this.#denied = new PreparedChanges([...ACCESS_CONTROL, ...this.#vary]);
  }

  /** Any OPTIONS of an allowed origin is answered, as in ingress-nginx: one of a foreign origin is the upstream's. */
  request({ head, requestId }: FilteredExchange): Verdict {
    if (head.method !== 'OPTIONS' || this.#changesFor(head.field('origin', ', ')) === this.#denied) return undefined;
    const headers = [['X-Request-ID', requestId]] as const;
    return new LocalAnswer({ status: 204, contentType: this.#preflightType, headers, body: '' });
  }

  response({ head, responseEdits }: FilteredExchange): void {
    responseEdits.apply(this.#changesFor(head.field('origin', ', ')));
  }

  #changesFor(sent: string): PreparedChanges {
    const known = this.#known.get(this.#origins === undefined ? '*' : sent);
    if (known !== undefined) return known;
    if (this.#origins?.has(sent) === false) return this.#denied;
    const origin = this.#origins === undefined ? '*' : detached(sent);
    const allow: HeaderEdit = { op: 'add', name: 'Access-Control-Allow-Origin', value: origin };
    const vary = this.#origins === undefined ? [] : this.#vary;
    const changes = new PreparedChanges([...ACCESS_CONTROL, allow, ...this.#allowing, ...vary]);
    if (this.#known.size === MOST_KNOWN) this.#known.clear();
    this.#known.set(origin, changes);
    return changes;
  }
}

/** The lines that are the same for all origins that are allowed. */
function allowing({ credentials, methods, headers, exposed, maxAge }: CorsPolicy): readonly HeaderEdit[] {
  const fields: [name: string, value: string][] = [
    ['Access-Control-Allow-Credentials', credentials ? 'true' : ''],
    ['Access-Control-Allow-Methods', methods.join(', ')],
    ['Access-Control-Allow-Headers', headers.join(', ')],
    ['Access-Control-Expose-Headers', exposed.join(', ')],
    ['Access-Control-Max-Age', String(maxAge)],
  ];
  return fields.filter(([, value]) => value !== '').map(([name, value]) => ({ op: 'add', name, value }));
}
