/** The objects of a cluster that a migration is judged by. */
import { type ConfigMap, readConfigMap } from '../resources/config-map.ts';
import {
  type IngressClassObject,
  type IngressObject,
  readIngress,
  readIngressClass,
} from '../resources/ingress-object.ts';
import { readSecret, readSecretMetadata, type Secret } from '../resources/secret.ts';
import {
  fieldName,
  isObject,
  isShapeProblem,
  readService,
  type ServiceObject,
  type ShapeProblem,
} from '../resources/service-object.ts';
import { readWorkload, type Workload } from './workload.ts';

const DEFAULT_NAMESPACE = 'default';
/** Of objects that cannot be read. */
const MAX_PROBLEMS = 100;

/** A Secret that is there, and why nothing of it can be used, if so. */
export type KnownSecret = Secret | { readonly fault: string };

/** Gathers objects as they come. The first of a name counts. */
export class Dump {
  readonly ingresses = new Map<string, IngressObject>();
  readonly classes = new Map<string, IngressClassObject>();
  readonly services = new Map<string, ServiceObject>();
  readonly secrets = new Map<string, KnownSecret>();
  readonly configMaps = new Map<string, ConfigMap>();
  readonly workloads: Workload[] = [];
  /** For people: what could not be read, and why. It may have been an Ingress. */
  readonly problems: string[] = [];
  /** For people: what is not there, and need not be. */
  readonly notes: string[] = [];

  /** Takes an object, or a List of them; other kinds are passed over. */
  add(value: unknown): void {
    if (!isObject(value)) {
      this.problem('a document is no Kubernetes object');
      return;
    }
    const { kind, apiVersion } = value;
    if (typeof kind !== 'string' || typeof apiVersion !== 'string') {
      this.problem('an object has no kind or no apiVersion');
      return;
    }
    if (Array.isArray(value.items) && kind.endsWith('List')) {
      // Items of a list of one kind leave their own kind out.
      const implied = kind === 'List' ? {} : { kind: kind.slice(0, -'List'.length), apiVersion };
      for (const item of value.items as unknown[]) this.add(isObject(item) ? { ...implied, ...item } : item);
      return;
    }
    this.#addObject(`${apiVersion} ${kind}`, value);
  }

  problem(text: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(text);
  }

  #addObject(kind: string, value: Record<string, unknown>): void {
    switch (kind) {
      case 'networking.k8s.io/v1 Ingress':
        this.#keep(this.ingresses, value, readIngress(value, DEFAULT_NAMESPACE));
        break;
      case 'networking.k8s.io/v1 IngressClass':
        this.#keep(this.classes, value, readIngressClass(value));
        break;
      case 'v1 Service':
        this.#keep(this.services, value, readService(value, DEFAULT_NAMESPACE));
        break;
      case 'v1 ConfigMap':
        this.#keep(this.configMaps, value, readConfigMap(value, DEFAULT_NAMESPACE));
        break;
      case 'v1 Secret':
        this.#addSecret(value);
        break;
      case 'apps/v1 Deployment':
      case 'apps/v1 DaemonSet': {
        const workload = readWorkload(value, DEFAULT_NAMESPACE);
        if (workload !== undefined) this.workloads.push(workload);
        break;
      }
      case 'extensions/v1beta1 Ingress':
      case 'networking.k8s.io/v1beta1 Ingress':
        this.problem(
          `${nameOf(value)} is of ${kind}, which no cluster has served since Kubernetes 1.22: read it again as v1, with kubectl get ingresses.v1.networking.k8s.io`,
        );
        break;
    }
  }

  #keep<T extends { readonly metadata: { readonly name: string; readonly namespace?: string } }>(
    known: Map<string, T>,
    value: Record<string, unknown>,
    read: T | ShapeProblem,
  ): void {
    if (isShapeProblem(read)) {
      this.problem(`${nameOf(value)} cannot be read: ${fieldName(read.path)} ${read.reason}`);
      return;
    }
    const { namespace, name } = read.metadata;
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    if (!known.has(key)) known.set(key, read);
  }

  /** A Secret that is broken is one that is there. */
  #addSecret(value: Record<string, unknown>): void {
    const metadata = readSecretMetadata(value.metadata, DEFAULT_NAMESPACE);
    if (isShapeProblem(metadata)) {
      this.notes.push(`${nameOf(value)} cannot be read: ${fieldName(metadata.path)} ${metadata.reason}`);
      return;
    }
    const secret = readSecret(value, metadata);
    const key = `${metadata.namespace}/${metadata.name}`;
    this.secrets.set(key, isShapeProblem(secret) ? { fault: `${fieldName(secret.path)} ${secret.reason}` } : secret);
  }
}

/** `Ingress shop/web`, for an object of which nothing is known to be right. */
function nameOf({ kind, metadata }: Record<string, unknown>): string {
  const { namespace, name } = isObject(metadata) ? metadata : {};
  return `${String(kind)} ${namespace === undefined ? '' : `${String(namespace)}/`}${String(name)}`;
}
