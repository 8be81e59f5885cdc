/** ConfigMaps, read only where the settings or an Ingress name one, and only those that are named. */
import { serviceKey } from '../../model/route.ts';
import { type ConfigMap, type ConfigMapRef, readConfigMap } from '../../resources/config-map.ts';
import type { ConfigMapStore } from '../../resources/ingress-store.ts';
import type { ShapeProblem } from '../../resources/service-object.ts';
import { DemandSource, type DemandSourceOptions } from './demand-source.ts';
import type { Followed } from './demand-watch.ts';
import type { KubeObject } from './list.ts';
import { nameField } from './name-field.ts';

/** Each has a connection of its own to the API server. */
const MOST = 200;
const TOO_MANY = `more than ${MOST} ConfigMaps are asked for: Ingresses of a namespace can share one`;

/** What is kept of a ConfigMap of the API. */
interface WatchedConfigMap extends KubeObject {
  readonly configMap: ConfigMap | ShapeProblem;
}

/** A watch of a single ConfigMap for each that is asked for: RBAC can grant that by name. */
export function configMapSource(store: ConfigMapStore, options: DemandSourceOptions): DemandSource<WatchedConfigMap> {
  return new DemandSource(options, {
    demand: store.demand,
    scopeOf: serviceKey,
    followed: configMap => oneConfigMap(configMap, store),
    most: { watches: MOST, told: configMap => store.configMapUnreadable(configMap, TOO_MANY) },
  });
}

function oneConfigMap(configMap: ConfigMapRef, store: ConfigMapStore): Followed<WatchedConfigMap> {
  return {
    plural: 'ConfigMaps',
    consequence: 'what was read of them before stays in force until that is granted',
    unserved: '',
    collection: () => ({
      resource: 'configmaps',
      namespace: configMap.namespace,
      selector: '',
      fields: nameField(configMap),
      pageSize: 1,
      unread: 'Until it can be read, what asks for it goes without, or answers with 503',
    }),
    ownerOf: ({ metadata }) => serviceKey(metadata),
    ownerOfKept: ({ metadata }) => serviceKey(metadata),
    read: object => {
      const { name, namespace, resourceVersion } = object.metadata;
      return { metadata: { name, namespace, resourceVersion }, configMap: readConfigMap(object, namespace) };
    },
    known: (owner, [first]) => store.setConfigMap(owner, first?.configMap),
    unreadable: (owner, why) => store.configMapUnreadable(owner, why),
  };
}
