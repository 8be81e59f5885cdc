/** The annotations of this program on an Ingress: they mean what they mean on a Service. */
import type { Policy } from '../../model/policy.ts';
import { PREFIX } from '../../resources/annotation-prefix.ts';
import { readPolicies } from '../policies/policies.ts';
import { ingressKey } from './ingress-key.ts';
import type { AnnotationValues } from './ingress-values.ts';

/** A value that cannot be read refuses the locations of its Ingress: a protection is never left out. */
export function ownPolicies(
  annotations: Readonly<Record<string, string>>,
  values: AnnotationValues,
): readonly Policy[] {
  const get = (name: string): string | undefined =>
    Object.hasOwn(annotations, PREFIX + name) ? annotations[PREFIX + name] : undefined;
  const policies = readPolicies({
    service: values.ingress,
    port: 0,
    get,
    read: (name, parse) => values.own(name, get(name), parse),
    clusterOfService: (name, reference) => values.clusterOfService(name, reference, PREFIX),
    clusterOfUrl: url => values.clusterOfUrl(url),
    credentials: (name, secret) =>
      values.credentials(name, { namespace: values.ingress.namespace, name: secret }, PREFIX),
  });
  // A Service of the same name has budgets of its own.
  return (policies ?? []).map(policy =>
    'owner' in policy ? { ...policy, owner: ingressKey(values.ingress) } : policy,
  );
}
