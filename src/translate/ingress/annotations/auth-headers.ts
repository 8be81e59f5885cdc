/** What an auth service is told beyond the usual: the ConfigMap that auth-proxy-set-headers names. */
import { FormatError } from '../../../errors.ts';
import type { AuthUrlPolicy } from '../../../model/policy.ts';
import { quote } from '../../../text/quote.ts';
import { parseParts } from '../../policies/auth-url.ts';
import { FRAMING } from '../../policies/header-edits.ts';
import type { ConfigMapData, IngressValues } from '../ingress-feature.ts';
import { objectNameOf } from './object-name.ts';

type Headers = NonNullable<AuthUrlPolicy['requestHeaders']>;

const ANNOTATION = 'auth-proxy-set-headers';
const MOST_HEADERS = 64;
/** As ingress-nginx takes names of headers. */
const NAME = /^[-\w]{1,128}$/;

/** @returns why they cannot be had: nobody may be asked without them */
export function readProxySetHeaders(values: IngressValues): Headers | { readonly fault: string } {
  const ref = values.require(ANNOTATION, text => {
    if (!text.includes('/')) throw new FormatError(`${quote(text)} names no namespace: write NAMESPACE/NAME`);
    return objectNameOf(text, values);
  });
  if (ref === undefined) return [];
  const data = values.configMap(ANNOTATION, ref);
  if ('fault' in data) return data;
  return values.require(ANNOTATION, () => headersOf(data)) ?? [];
}

/** @throws FormatError that names no value: it may be a credential */
function headersOf(data: ConfigMapData): Headers {
  if (data.size > MOST_HEADERS) throw new FormatError(`its ConfigMap has ${data.size} keys, more than ${MOST_HEADERS}`);
  return [...data].map(([name, value]) => {
    if (!NAME.test(name)) throw new FormatError(`${quote(name)} in its ConfigMap is no name of a header`);
    const lower = name.toLowerCase();
    if (lower === 'host' || FRAMING.has(lower))
      throw new FormatError(`${name} in its ConfigMap cannot be set: the entry sends its own`);
    const text = value.trim();
    if (/[^\t\x20-\x7e]/.test(text))
      throw new FormatError(`the value of ${name} in its ConfigMap holds a character that no header may hold`);
    return { name, value: parseParts(text, `the value of ${name}`) };
  });
}
