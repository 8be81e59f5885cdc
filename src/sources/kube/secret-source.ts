/** Secrets, read only where a certificate, a certificate authority or a policy asks for one, and only those that are asked for. */
import { serviceKey } from '../../model/route.ts';
import { readSecret, type Secret, TLS_SECRET } from '../../resources/secret.ts';
import type { SecretRef, SecretStore, SecretStores } from '../../resources/secret-store.ts';
import type { ShapeProblem } from '../../resources/service-object.ts';
import type { Settings } from '../../settings/schema.ts';
import { DemandSource, type DemandSourceOptions } from './demand-source.ts';
import type { Followed } from './demand-watch.ts';
import type { Collection, KubeObject } from './list.ts';
import { nameField } from './name-field.ts';

/** Most hold 5 to 10 KB; the API server takes Secrets of up to 1 MiB. */
const PAGE = 50;
/** Each has a connection of its own to the API server. */
const MOST_NAMED = 200;

/** What is kept of a Secret of the API. */
interface WatchedSecret extends KubeObject {
  readonly secret: Secret | ShapeProblem;
}

export interface SecretSourceOptions extends DemandSourceOptions {
  readonly settings: Pick<Settings, 'namespace'>;
  readonly stores: SecretStores;
}

/** One watch of all Secrets of type `kubernetes.io/tls`, or one a namespace; and a watch of a single Secret for each other. */
export function secretSources({ settings, stores, ...options }: SecretSourceOptions): DemandSource<WatchedSecret>[] {
  const isWhole = settings.namespace.length === 0;
  const { tls, named } = stores;
  return [
    new DemandSource(options, {
      demand: tls.demand,
      scopeOf: ({ namespace }) => (isWhole ? '' : namespace),
      followed: ({ namespace }) => tlsSecrets(isWhole ? undefined : namespace, tls),
    }),
    new DemandSource(options, {
      demand: named.demand,
      scopeOf: serviceKey,
      followed: secret => oneSecret(secret, named),
      most: { watches: MOST_NAMED, told: secret => named.secretUnreadable(secret, TOO_MANY) },
    }),
  ];
}

function tlsSecrets(namespace: string | undefined, store: SecretStore): Followed<WatchedSecret> {
  return {
    ...followedBy(store),
    collection: owner =>
      owner === undefined
        ? secretCollection(namespace, `type=${TLS_SECRET}`)
        : secretCollection(owner.namespace, `${nameField(owner)},type=${TLS_SECRET}`),
    read: object => ('type' in object && object.type === TLS_SECRET ? watchedSecret(object) : undefined),
  };
}

function oneSecret(secret: SecretRef, store: SecretStore): Followed<WatchedSecret> {
  return {
    ...followedBy(store),
    collection: () => secretCollection(secret.namespace, nameField(secret)),
    read: watchedSecret,
  };
}

function followedBy(store: SecretStore): Omit<Followed<WatchedSecret>, 'collection' | 'read'> {
  return {
    plural: 'Secrets',
    consequence: 'what was read of them before stays in force until that is granted',
    unserved: '',
    ownerOf: ({ metadata }) => serviceKey(metadata),
    ownerOfKept: ({ metadata }) => serviceKey(metadata),
    known: (owner, [first]) => store.setSecret(owner, first?.secret),
    unreadable: (owner, why) => store.secretUnreadable(owner, why),
  };
}

function secretCollection(namespace: string | undefined, fields: string): Omit<Collection, 'keep'> {
  const unread =
    'Until Secrets can be read, hosts that name one get the default certificate, and policies that name one answer with 503';
  return { resource: 'secrets', namespace, selector: '', fields, pageSize: PAGE, unread };
}

function watchedSecret(object: KubeObject): WatchedSecret {
  const { name, namespace, resourceVersion } = object.metadata;
  const metadata = { name, namespace, resourceVersion };
  return { metadata, secret: readSecret(object, metadata) };
}

const TOO_MANY = `more than ${MOST_NAMED} Secrets are asked for that are read one by one: Services of a namespace can share one`;
