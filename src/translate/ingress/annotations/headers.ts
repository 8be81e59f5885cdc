import { FormatError } from '../../../errors.ts';
import type { HeaderEdit, Policy } from '../../../model/policy.ts';
import type { ServiceRef } from '../../../model/route.ts';
import { quote } from '../../../text/quote.ts';
import { headerEdit } from '../../policies/header-edits.ts';
import { globalHeaders } from '../header-text.ts';
import type { ConfigMapData, IngressFeature, IngressValues } from '../ingress-feature.ts';

/** What ingress-nginx takes as a name. */
const NAME = /^[A-Za-z0-9\-_]+$/;

/** Header lines that ConfigMaps hold: for Services, and for clients. */
export const HEADERS: IngressFeature = {
  rows: [
    {
      name: 'custom-headers',
      support: 'works',
      value: 'NAMESPACE/NAME of a ConfigMap: names of headers and their values',
      example: 'shop/headers',
      help: 'Sets these headers of responses, those of errors too. Each name must be one of global-allowed-response-headers; else, or without the ConfigMap, requests get 503.',
    },
  ],
  read(values) {
    const response: HeaderEdit[] = [
      ...values.config.hideHeaders.map((name): HeaderEdit => ({ op: 'remove', name, value: '' })),
      ...globalEdits(values, values.config.addHeaders),
    ];
    const custom = customEdits(values);
    const request = globalEdits(values, values.config.proxySetHeaders, 'host');
    const policies: Policy[] = [];
    if ('kind' in custom) policies.push(custom);
    else response.push(...custom);
    if (request.length > 0) policies.push({ kind: 'request-headers', edits: request });
    if (response.length > 0) policies.push({ kind: 'response-headers', edits: response });
    return { policies };
  },
};

/** What of them cannot be sent, people are told with the ConfigMap. */
function globalEdits(values: IngressValues, ref: ServiceRef | undefined, refused = ''): readonly HeaderEdit[] {
  return ref === undefined ? [] : globalHeaders(values.globalConfigMap(ref), refused).edits;
}

function customEdits(values: IngressValues): readonly HeaderEdit[] | Policy {
  const ref = values.require('custom-headers', text => parseRef(text, values));
  if (ref === undefined) return [];
  const data = values.configMap('custom-headers', ref);
  if (!('fault' in data)) return values.require('custom-headers', () => editsOf(data, values)) ?? [];
  return { kind: 'unavailable', of: 'response-headers', why: data.fault };
}

/** @throws FormatError */
function editsOf(data: ConfigMapData, { config }: IngressValues): readonly HeaderEdit[] {
  const allowed = new Set(config.globalAllowedResponseHeaders.map(name => name.toLowerCase()));
  return [...data].map(([name, value]) => {
    if (!NAME.test(name)) throw new FormatError(`${quote(name)} is no name of a header`);
    if (!allowed.has(name.toLowerCase())) {
      throw new FormatError(`${name} is not one of global-allowed-response-headers: add it there, or remove it`);
    }
    return headerEdit('set', name, value.trim());
  });
}

/** @throws FormatError */
function parseRef(text: string, { ingress, config }: IngressValues): ServiceRef {
  const [namespace = '', name = '', ...others] = text.trim().split('/');
  if (namespace === '' || name === '' || others.length > 0) {
    throw new FormatError(`${quote(text)} names no ConfigMap: write NAMESPACE/NAME`);
  }
  if (namespace !== ingress.namespace && !config.allowCrossNamespaceResources) {
    throw new FormatError(`${quote(text)} is in another namespace: copy it to ${ingress.namespace}`);
  }
  return { namespace, name };
}
