import { FormatError } from '../../../errors.ts';
import type { ErrorPagesPolicy } from '../../../model/policy.ts';
import type { ClusterId } from '../../../model/route.ts';
import { quote } from '../../../text/quote.ts';
import { parseServiceReference } from '../../service-reference.ts';
import type { IngressFeature, IngressValues } from '../ingress-feature.ts';

/** Who answers in place of errors. */
export const ERROR_PAGES: IngressFeature = {
  rows: [
    {
      name: 'custom-http-errors',
      support: 'works',
      value: 'statuses from 400 to 599, separated by commas',
      example: '404,503',
      help: 'The default backend answers in place of responses with these statuses: the Service of default-backend, else that of the program.',
      differs:
        'A page has 128 KiB at most. Cookies and Authorization of the client are not passed to it. Where no page comes, the error goes out as it is.',
    },
    {
      name: 'default-backend',
      support: 'works',
      value: 'the name of a Service of the same namespace',
      example: 'pages',
      help: 'Answers in place of a Service without endpoints, and has the pages of custom-http-errors.',
      differs: 'It is asked as for a page: its answer has 128 KiB at most, and it gets no body.',
    },
    {
      name: 'disable-proxy-intercept-errors',
      support: 'works',
      value: 'true or false',
      example: 'true',
      help: 'Pages take the place of errors that are made here alone: those of the Service go out as they are.',
    },
  ],
  read(values) {
    const policy = readPages(values);
    return policy && { policies: [policy] };
  },
};

function readPages(values: IngressValues): ErrorPagesPolicy | undefined {
  const statuses = values.read('custom-http-errors', parseStatuses) ?? values.config.customHttpErrors;
  const passesErrors = values.bool('disable-proxy-intercept-errors', values.config.disableProxyInterceptErrors);
  const own = readDefaultBackend(values);
  if (own === undefined && statuses.length === 0) return undefined;
  const cluster = own ?? values.clusterOfDefaultBackend();
  if (cluster === undefined) return undefined;
  return {
    kind: 'error-pages',
    cluster,
    statuses,
    ingress: values.ingress.name,
    ...(passesErrors && { isForOwnErrors: true }),
    ...(own !== undefined && { isForUnserved: true }),
  };
}

/** A Service that is not there is none, as in ingress-nginx: the author of the Ingress is told. */
function readDefaultBackend(values: IngressValues): ClusterId | undefined {
  const reference = values.read('default-backend', parseServiceReference);
  return reference && values.clusterOfService('default-backend', reference);
}

/** @throws FormatError */
function parseStatuses(text: string): readonly number[] {
  const parts = text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '');
  const bad = parts.find(part => !/^[45]\d\d$/.test(part));
  if (bad !== undefined) throw new FormatError(`${quote(bad)} is no status of an error: write numbers from 400 to 599`);
  return [...new Set(parts.map(Number))].sort((a, b) => a - b);
}
