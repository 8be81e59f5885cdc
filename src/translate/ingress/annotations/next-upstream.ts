/** When a request is sent to another endpoint. */
import type { Policy } from '../../../model/policy.ts';
import type { IngressFeature, IngressValues } from '../ingress-feature.ts';
import { type NextUpstream, parseNextUpstream } from '../next-upstream-words.ts';
import { parseCount } from '../numbers.ts';

/** Every further time would multiply the load of endpoints that fail. */
const ATTEMPTS = 1;
const MOST_TRIES = 100;

export const NEXT_UPSTREAM: IngressFeature = {
  rows: [
    {
      name: 'proxy-next-upstream',
      support: 'works',
      value:
        "nginx's words: error, timeout, invalid_header, http_500, 502, 503, 504, 403, 404, 429, non_idempotent, off",
      example: 'error timeout http_503',
      help: 'The statuses for which a request is sent to another endpoint.',
      differs:
        'A request is sent once more at most after an answer, and never after a timeout or a broken head. An endpoint that takes no ' +
        'connection is always passed over, because the request has not reached it.',
    },
    {
      name: 'proxy-next-upstream-tries',
      support: 'works',
      value: 'a whole number; 0: no limit',
      example: '3',
      help: '1 sends no request again after an answer.',
      differs: 'More than 2 are not made after an answer.',
    },
    {
      name: 'proxy-next-upstream-timeout',
      support: 'no-effect',
      value: 'whole seconds; 0: no limit',
      example: '0',
      help: 'The time in which a request may be sent again.',
      why: 'nothing is sent again after a timeout, so that further attempts cannot add up to a long time',
    },
  ],
  read(values) {
    const { config } = values;
    const asked = values.read('proxy-next-upstream', parseNextUpstream);
    const { statuses, nonIdempotent, isOff } = asked ?? config.proxyNextUpstream;
    const parseTries = (text: string): number => parseCount(text, 0, MOST_TRIES);
    const tries = values.read('proxy-next-upstream-tries', parseTries) ?? config.proxyNextUpstreamTries;
    if (asked !== undefined) tellDifferences(values, asked);
    if (statuses.length === 0 || tries === 1 || isOff) return undefined;
    const policy: Policy = {
      ...{ kind: 'retry', attempts: ATTEMPTS, statuses },
      nonIdempotent: nonIdempotent || config.retryNonIdempotent,
    };
    return { policies: [policy] };
  },
};

function tellDifferences(values: IngressValues, { isOff, onBrokenHead }: NextUpstream): void {
  const name = 'proxy-next-upstream';
  if (isOff) values.tell(name, 'an endpoint that takes no connection is passed over all the same');
  if (onBrokenHead) values.tell(name, 'after a broken head, which invalid_header names, nothing is sent again');
}
