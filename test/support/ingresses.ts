/** Ingresses for tests, as objects of the API, and a store that shows what it was told of them. */
import { serviceKey } from '../../src/model/route.ts';
import type { ConfigMap, ConfigMapRef } from '../../src/resources/config-map.ts';
import { Demand } from '../../src/resources/demand.ts';
import type { IngressClassObject, IngressObject } from '../../src/resources/ingress-object.ts';
import type { IngressStore } from '../../src/resources/ingress-store.ts';
import type { ShapeProblem } from '../../src/resources/service-object.ts';
import type { PlainManifest } from './kube-api-wire.ts';

export interface IngressFields {
  readonly namespace?: string;
  readonly className?: string;
  readonly host?: string;
  readonly path?: string;
  /** The Service of its one path; its port is `http`. */
  readonly service?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly createdAt?: string;
}

/** An Ingress of class `nginx` with one path, `/` of `NAME.example` to Service `NAME`: as long as the fields say nothing else. */
export function ingress(name: string, fields: IngressFields = {}): PlainManifest & { readonly spec: object } {
  const { namespace = 'default', className = 'nginx', host = `${name}.example`, path = '/', annotations = {} } = fields;
  const { service = name, createdAt } = fields;
  const backend = { service: { name: service, port: { name: 'http' } } };
  const creationTimestamp = createdAt === undefined ? {} : { creationTimestamp: createdAt };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace, annotations, ...creationTimestamp },
    spec: {
      ingressClassName: className,
      rules: [{ host, http: { paths: [{ path, pathType: 'Prefix', backend }] } }],
    },
  };
}

export function ingressClass(
  name: string,
  controller = 'k8s.io/ingress-nginx',
): PlainManifest & { readonly spec: object } {
  const metadata = { name, namespace: '' };
  return { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata, spec: { controller } };
}

export function configMap(
  name: string,
  data: Readonly<Record<string, string>>,
  namespace = 'default',
): PlainManifest & { readonly data: Readonly<Record<string, string>> } {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

/** What was said last, and each call. */
export class RecordingIngressStore implements IngressStore {
  readonly calls: string[] = [];
  readonly ingresses = new Map<string, IngressObject>();
  readonly known = new Map<string, IngressClassObject>();
  readonly maps = new Map<string, ConfigMap | ShapeProblem | undefined>();
  /** Why what may not be read may not be read, by what it is. */
  readonly refusals = new Map<string, string>();

  readonly classes: IngressStore['classes'] = {
    replace: classes => {
      this.calls.push('replace classes');
      this.refusals.delete('classes');
      this.known.clear();
      for (const each of classes) this.known.set(each.metadata.name, each);
    },
    upsert: each => {
      this.calls.push(`upsert class ${each.metadata.name}`);
      this.known.set(each.metadata.name, each);
    },
    remove: name => {
      this.calls.push(`remove class ${name}`);
      this.known.delete(name);
    },
    unreadable: why => {
      this.calls.push('classes unreadable');
      this.known.clear();
      this.refusals.set('classes', why);
    },
  };

  readonly configMaps: IngressStore['configMaps'] = {
    demand: new Demand(),
    setConfigMap: (ref, said) => {
      this.maps.set(serviceKey(ref), said);
      this.refusals.delete(serviceKey(ref));
    },
    configMapUnreadable: (ref, why) => void this.refusals.set(serviceKey(ref), why),
    restoreConfigMap: configMap => void this.maps.set(serviceKey(configMap.metadata), configMap),
    forgetRestored: () => undefined,
  };

  replace(ingresses: readonly IngressObject[]): void {
    this.calls.push('replace');
    this.refusals.delete('ingresses');
    this.ingresses.clear();
    for (const each of ingresses) this.ingresses.set(serviceKey(each.metadata), each);
  }

  upsert(each: IngressObject): void {
    this.calls.push(`upsert ${each.metadata.name}`);
    this.ingresses.set(serviceKey(each.metadata), each);
  }

  remove(ref: { readonly namespace: string; readonly name: string }): void {
    this.calls.push(`remove ${ref.name}`);
    this.ingresses.delete(serviceKey(ref));
  }

  unreadable(why: string): void {
    this.calls.push('unreadable');
    this.refusals.set('ingresses', why);
  }

  wantConfigMap(ref: ConfigMapRef): void {
    this.configMaps.demand.set(ref, true);
  }

  /** The text of a key of a ConfigMap that is known. */
  textOf(name: string, key: string): string | undefined {
    const known = this.maps.get(name);
    return known !== undefined && 'data' in known ? known.data.get(key) : undefined;
  }
}
