import { FormatError } from '../../../errors.ts';
import type { VariableText } from '../../../model/policy.ts';
import { quote } from '../../../text/quote.ts';
import type { IngressFeature } from '../ingress-feature.ts';
import { parseVariableText } from '../nginx-variables.ts';

/** What a Host may be made of, and variables. */
const HOST_TEXT = /^[A-Za-z0-9\-._:${}[\]]{1,1024}$/;

/** Which host the Service is asked for. */
export const UPSTREAM_VHOST: IngressFeature = {
  rows: [
    {
      name: 'upstream-vhost',
      support: 'works',
      value: 'a host name, in which variables of nginx may stand',
      example: 'internal.example',
      help: 'The Host that the Service gets; X-Forwarded-Host stays that of the client.',
    },
    {
      name: 'connection-proxy-header',
      support: 'no-effect',
      value: 'a text',
      example: 'keep-alive',
      help: 'The Connection header that the Service gets.',
      why: 'connections to Services are kept, and their headers say so: in ingress-nginx, the annotation breaks upgrades',
    },
  ],
  read(values) {
    const upstreamHost = values.require('upstream-vhost', parse);
    return upstreamHost && { route: { upstreamHost } };
  },
};

/** @throws FormatError */
function parse(text: string): VariableText {
  if (!HOST_TEXT.test(text)) throw new FormatError(`${quote(text)} is no host name`);
  return parseVariableText(text, 'upstream-vhost');
}
