/** Which Ingresses are served. Pure. */
import type { IngressClassObject, IngressObject } from '../../resources/ingress-object.ts';
import type { IngressOptions } from './ingress-options.ts';

/** By name. Undefined: they may not be read, and only what Ingresses say themselves counts. */
export type IngressClasses = ReadonlyMap<string, IngressClassObject> | undefined;

/** That of ingress-nginx, whose Ingresses are served as they are, and that of this program. */
const CONTROLLERS: readonly string[] = ['k8s.io/ingress-nginx', 'kube-entry.io/ingress'];

/** What named the class before Kubernetes 1.18 did. It counts where the field is absent. */
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

/** A class counts by its controller, or by its name where there is no such object. */
export function isServed({ metadata, spec }: IngressObject, classes: IngressClasses, options: IngressOptions): boolean {
  const { ingressClass, ingressController = [], ingressWithoutClass = false } = options;
  if (ingressClass.length === 0) return false;
  const { ingressClassName } = spec;
  if (ingressClassName !== undefined) {
    const found = classes?.get(ingressClassName);
    if (found === undefined) return ingressClass.includes(ingressClassName);
    return (ingressController.length > 0 ? ingressController : CONTROLLERS).includes(found.spec.controller);
  }
  const annotated = metadata.annotations[CLASS_ANNOTATION];
  return annotated === undefined ? ingressWithoutClass : ingressClass.includes(annotated);
}

/** The class that an Ingress names; empty where it names none. */
export function classOf({ metadata, spec }: IngressObject): string {
  return spec.ingressClassName ?? metadata.annotations[CLASS_ANNOTATION] ?? '';
}
