import { FormatError } from '../../errors.ts';
import type { ErrorPagesPolicy } from '../../model/policy.ts';
import { quote } from '../../text/quote.ts';
import { parseServiceReference, type ServiceReference } from '../service-reference.ts';
import { definePolicy } from './policy-definition.ts';

const EXAMPLE = 'pages 404,503';

interface Asked {
  readonly pages: ServiceReference;
  readonly statuses: readonly number[];
}

export const ERROR_PAGES = definePolicy<ErrorPagesPolicy>({
  rows: [
    {
      name: 'error-pages',
      nginx: ['custom-http-errors', 'default-backend'],
      value:
        'a Service of the same namespace, NAME or NAME:PORT, and the statuses from 400 to 599, separated by commas',
      help: 'Another Service answers in place of responses with these statuses, with a page of 128 KiB at most. Where it does not, they go out as they are.',
      example: EXAMPLE,
    },
  ],
  read: values => {
    const asked = values.read('error-pages', parse);
    const cluster = asked && values.clusterOfService('error-pages', asked.pages);
    if (asked === undefined || cluster === undefined) return undefined;
    const { service, port } = values;
    return { kind: 'error-pages', cluster, statuses: asked.statuses, service, port };
  },
  explain: ({ cluster, statuses }) => `asks ${cluster} for a page in place of a response with ${statuses.join(', ')}`,
});

/** @throws FormatError */
function parse(text: string): Asked {
  const [service = '', ...rest] = text.trim().split(/\s+/);
  const statuses = rest
    .join(' ')
    .split(/[\s,]+/)
    .filter(part => part !== '');
  if (statuses.length === 0) {
    throw new FormatError(
      `${quote(text)} must name a Service and the statuses that it has pages for, as in "${EXAMPLE}"`,
    );
  }
  const bad = statuses.find(status => !/^[45]\d\d$/.test(status));
  if (bad !== undefined) throw new FormatError(`${quote(bad)} is no status of an error: write numbers from 400 to 599`);
  const numbers = [...new Set(statuses.map(Number))].sort((a, b) => a - b);
  return { pages: parseServiceReference(service), statuses: numbers };
}
