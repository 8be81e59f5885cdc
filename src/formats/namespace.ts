import { FormatError } from '../errors.ts';
import { quote } from '../text/quote.ts';

/** RFC 1123 label, as Kubernetes names namespaces. */
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** @throws FormatError for what no namespace can be called */
export function checkNamespace(name: string): void {
  if (DNS_LABEL.test(name)) return;
  throw new FormatError(`${quote(name)} is not the name of a namespace: lower case letters, digits and -, at most 63`);
}
