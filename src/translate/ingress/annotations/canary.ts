/** An Ingress that takes some of the requests of others. */
import { FormatError } from '../../../errors.ts';
import { isToken } from '../../../formats/http/token.ts';
import type { CanaryRule } from '../../../model/route.ts';
import { quote } from '../../../text/quote.ts';
import { readCookieName } from '../../cookie-affinity.ts';
import { checkPattern } from '../../policies/canary.ts';
import type { IngressFeature, IngressValues } from '../ingress-feature.ts';
import { parseCount, parseWord } from '../numbers.ts';

/** Of balancer.lua: a smaller total counts as this one. */
const LEAST_TOTAL = 100;
const MOST_TOTAL = 1_000_000_000;

const REFINING = [
  'canary-weight',
  'canary-weight-total',
  'canary-by-header',
  'canary-by-header-value',
  'canary-by-header-pattern',
  'canary-by-cookie',
] as const;

export const CANARY: IngressFeature = {
  rows: [
    {
      name: 'canary',
      support: 'works',
      value: 'true or false',
      example: 'true',
      help:
        'Makes the Ingress a canary: it has no locations of its own, and takes requests of locations with the same host, path and pathType. ' +
        'It takes them from the Service and port behind those locations, on all hosts and paths. Of its other annotations only load-balance, ' +
        'upstream-hash-by, service-upstream and affinity count, for its own endpoints: without them it is spread as the ConfigMap says, and not as ' +
        'the Ingress whose requests it takes.',
    },
    {
      name: 'canary-weight',
      support: 'works',
      value: 'a whole number from 0 to the total',
      example: '10',
      help: 'The part of the requests that neither header nor cookie decides which the canary takes.',
    },
    {
      name: 'canary-weight-total',
      support: 'works',
      value: 'a whole number; below 100 it counts as 100',
      example: '1000',
      help: 'What the weight is a part of.',
    },
    {
      name: 'canary-by-header',
      support: 'works',
      value: 'the name of a header',
      example: 'X-Canary',
      help: 'Requests in which it says always go to the canary, and those in which it says never do not.',
    },
    {
      name: 'canary-by-header-value',
      support: 'works',
      value: 'text',
      example: 'beta',
      help: 'Requests in which the header says exactly this go to the canary, and always and never mean nothing.',
    },
    {
      name: 'canary-by-header-pattern',
      support: 'works',
      value: 'a regular expression',
      example: '^(ann|bob)$',
      help: 'Requests in whose header it matches somewhere go to the canary; a value counts before a pattern.',
      differs:
        'What cannot be matched in bounded time is not taken; the header then decides nothing. ingress-nginx keeps requests with the ' +
        'header at the primary where the pattern is broken.',
    },
    {
      name: 'canary-by-cookie',
      support: 'works',
      value: 'the name of a cookie',
      example: 'canary',
      help: 'Requests whose cookie says always go to the canary, and those in which it says never do not.',
    },
    {
      name: 'affinity-canary-behavior',
      support: 'works',
      value: 'sticky or legacy',
      example: 'sticky',
      help: "On a canary: sticky binds its clients by the primary's cookie settings, legacy does not.",
    },
  ],
  read(values) {
    if (!values.bool('canary', false)) {
      for (const name of REFINING) {
        if (values.get(name) !== undefined) values.tell(name, 'has no effect without canary: "true"');
      }
      return undefined;
    }
    const behavior = values.read('affinity-canary-behavior', text => parseWord(text, ['sticky', 'legacy']));
    return { canary: { rule: readRule(values), sharesAffinity: behavior !== 'legacy' } };
  },
};

function readRule(values: IngressValues): CanaryRule {
  const total = values.read('canary-weight-total', text => parseCount(text, 1, MOST_TOTAL)) ?? LEAST_TOTAL;
  const weightTotal = Math.max(total, LEAST_TOTAL);
  const weight = values.read('canary-weight', text => parseWeight(text, weightTotal)) ?? 0;
  const header = values.read('canary-by-header', parseHeaderName) ?? '';
  const headerValue = values.get('canary-by-header-value') ?? '';
  const headerPattern = headerValue === '' ? values.read('canary-by-header-pattern', checkPattern) : undefined;
  // Without its pattern, the header would send requests to the canary that say always.
  const isBroken = headerPattern === undefined && headerValue === '' && values.get('canary-by-header-pattern');
  return {
    weight,
    ...(weightTotal !== LEAST_TOTAL && { weightTotal }),
    header: isBroken ? '' : header,
    headerValue,
    ...(headerPattern !== undefined && { headerPattern }),
    cookie: values.read('canary-by-cookie', readCookieName) ?? '',
    keepsBound: true,
  };
}

/** A weight above the total takes every request, as there. @throws FormatError */
function parseWeight(text: string, total: number): number {
  return Math.min(parseCount(text, 0, MOST_TOTAL), total);
}

/** @throws FormatError */
function parseHeaderName(text: string): string {
  if (!isToken(text)) throw new FormatError(`${quote(text)} is no name of a header`);
  return text.toLowerCase();
}
