/** How requests are spread over the endpoints of a Service. */
import type { Balance } from '../../../model/cluster.ts';
import { parseNginxKey } from '../../balance/hash-key.ts';
import type { IngressFeature, IngressValues } from '../ingress-feature.ts';
import { parseCount, parseWord } from '../numbers.ts';

const DEFAULT_SUBSET_SIZE = 3;
/** No Service has more endpoints. */
const MOST_ENDPOINTS = 1_000_000;
const POLICIES = { round_robin: 'round-robin', ewma: 'ewma' } as const;

export const BALANCING: IngressFeature = {
  rows: [
    {
      name: 'load-balance',
      support: 'works',
      value: 'round_robin or ewma',
      example: 'ewma',
      help: 'round_robin: endpoints in turn. ewma: the faster of two that are drawn at random.',
      differs:
        'Where nothing says it, the one with fewer requests in flight is chosen of two; ingress-nginx: round_robin. All workers count ' +
        'together.',
    },
    {
      name: 'upstream-hash-by',
      support: 'works',
      value: "a text with nginx's variables",
      example: '$request_uri',
      help: 'Requests for which the text is the same go to the same endpoint.',
      differs:
        'The hash is another one: keys move once when a host moves here. A text without a variable, or with one that is not known, is not ' +
        'taken; a request that lacks all of its variables is spread as without this annotation.',
    },
    {
      name: 'upstream-hash-by-subset',
      support: 'works',
      value: 'true or false',
      example: 'true',
      help: 'Requests for which the text is the same go to any of a few endpoints.',
    },
    {
      name: 'upstream-hash-by-subset-size',
      support: 'works',
      value: 'a whole number',
      example: '3',
      help: 'So many are these few; 3 unless told.',
    },
    {
      name: 'service-upstream',
      support: 'works',
      value: 'true or false',
      example: 'true',
      help: 'Requests go to the ClusterIP and port of the Service instead of its endpoints; a headless one has none.',
    },
  ],
  read(values) {
    const balance = readHash(values) ?? readPolicy(values);
    const byClusterIP = values.bool('service-upstream', values.config.serviceUpstream);
    if (balance === undefined && !byClusterIP) return undefined;
    return { upstream: { ...(balance && { balance }), ...(byClusterIP && { byClusterIP }) } };
  },
};

function readHash(values: IngressValues): Balance | undefined {
  const key = values.read('upstream-hash-by', parseNginxKey) ?? values.config.upstreamHashBy;
  if (key === undefined) return undefined;
  const size = values.read('upstream-hash-by-subset-size', text => parseCount(text, 1, MOST_ENDPOINTS));
  const isSubset = values.bool('upstream-hash-by-subset', false);
  return { policy: 'hash', key, ...(isSubset && { subset: size ?? DEFAULT_SUBSET_SIZE }) };
}

function readPolicy(values: IngressValues): Balance | undefined {
  const words = Object.keys(POLICIES) as (keyof typeof POLICIES)[];
  const word = values.read('load-balance', text => parseWord(text, words)) ?? values.config.loadBalance;
  return word && { policy: POLICIES[word] };
}
