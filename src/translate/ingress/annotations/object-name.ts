/** Names of Secrets and ConfigMaps in annotations. */
import { FormatError } from '../../../errors.ts';
import type { ServiceRef } from '../../../model/route.ts';
import { isDnsLabel, isDnsSubdomain } from '../../../resources/service-object.ts';
import { quote } from '../../../text/quote.ts';
import type { IngressValues } from '../ingress-feature.ts';

/**
 * Reads `name` or `namespace/name`.
 * @throws FormatError also for one in another namespace, unless the ConfigMap allows that: who may write Ingresses here need not be
 * allowed to read there
 */
export function objectNameOf(text: string, { ingress, config }: Pick<IngressValues, 'ingress' | 'config'>): ServiceRef {
  const [first = '', second, ...rest] = text.trim().split('/');
  const [namespace, name] = second === undefined ? [ingress.namespace, first] : [first, second];
  if (rest.length > 0 || !isDnsLabel(namespace) || !isDnsSubdomain(name)) {
    throw new FormatError(`${quote(text)} is no name: write NAME, or NAMESPACE/NAME`);
  }
  if (namespace !== ingress.namespace && !config.allowCrossNamespaceResources) {
    throw new FormatError(
      `${quote(text)} is in another namespace: copy it to ${ingress.namespace}, or set allow-cross-namespace-resources in the ConfigMap`,
    );
  }
  return { namespace, name };
}
