import { detached } from '../../../formats/http/bytes.ts';
import { Origins } from '../../../formats/http/origins.ts';
import type { CorsPolicy, HeaderEdit } from '../../../model/policy.ts';
import { ACCESS_CONTROL, VARY } from './cors.ts';
import { PreparedChanges } from './field-changes.ts';
import { type Filter, type FilteredExchange, LocalAnswer, type Verdict } from './filter.ts';

const REQUESTED_METHOD = 'access-control-request-method';
const REQUESTED_HEADERS = 'access-control-request-headers';

/**
 * Lets pages of other origins read answers, as the Gateway API says it: preflights of all origins are answered here, and where
 * credentials are allowed, each `*` is answered with what the request asks for, as browsers take no `*` then.
 */
export class GatewayCors implements Filter {
  readonly #policy: CorsPolicy;
  /** Undefined: all. */
  readonly #origins: Origins | undefined;
  /** Answers differ by origin. */
  readonly #vary: readonly HeaderEdit[];
  readonly #denied: PreparedChanges;

  constructor(policy: CorsPolicy) {
    this.#policy = policy;
    this.#origins = policy.origins.includes('*') ? undefined : new Origins(policy.origins, 'labels');
    this.#vary = this.#origins === undefined && !policy.credentials ? [] : [VARY];
    this.#denied = new PreparedChanges([...ACCESS_CONTROL, ...this.#vary]);
  }

  request({ head, requestId }: FilteredExchange): Verdict {
    if (!isPreflight(head)) return undefined;
    return new LocalAnswer({ status: 204, contentType: '', headers: [['X-Request-ID', requestId]], body: '' });
  }

  response({ head, responseEdits }: FilteredExchange): void {
    responseEdits.apply(this.#changesFor(head));
  }

  #changesFor(head: FilteredExchange['head']): PreparedChanges {
    const origin = head.field('origin', ', ');
    if (origin === '' || this.#origins?.has(origin) === false) return this.#denied;
    const { exposed, credentials } = this.#policy;
    const fields: [name: string, value: string][] = [
      ['Access-Control-Allow-Origin', this.#origins === undefined && !credentials ? '*' : detached(origin)],
      ['Access-Control-Allow-Credentials', credentials ? 'true' : ''],
      ['Access-Control-Expose-Headers', credentials && exposed.includes('*') ? '' : exposed.join(', ')],
      ...(isPreflight(head) ? this.#permissions(head) : []),
    ];
    const lines = fields
      .filter(([, value]) => value !== '')
      .map(([name, value]) => ({ op: 'add', name, value }) as const);
    return new PreparedChanges([...ACCESS_CONTROL, ...lines, ...this.#vary]);
  }

  /** What only the answer to a preflight says. */
  #permissions(head: FilteredExchange['head']): [name: string, value: string][] {
    const { methods, headers, maxAge, credentials } = this.#policy;
    const list = (items: readonly string[], requested: string): string =>
      credentials && items.includes('*') ? detached(head.field(requested, ', ')) : items.join(', ');
    return [
      ['Access-Control-Allow-Methods', list(methods, REQUESTED_METHOD)],
      ['Access-Control-Allow-Headers', list(headers, REQUESTED_HEADERS)],
      ['Access-Control-Max-Age', String(maxAge)],
    ];
  }
}

/** https://fetch.spec.whatwg.org/#cors-preflight-request */
function isPreflight(head: FilteredExchange['head']): boolean {
  return head.method === 'OPTIONS' && head.field('origin', ', ') !== '' && head.field(REQUESTED_METHOD, ', ') !== '';
}
