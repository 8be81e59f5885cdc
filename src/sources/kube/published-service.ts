import type { Clock } from '../../clock.ts';
import type { ServiceRef } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import type { KubeClient } from './client.ts';
import type { Collection, KubeObject } from './list.ts';
import { nameField } from './name-field.ts';
import { Reflector } from './reflector.ts';

export interface PublishedServiceOptions {
  readonly service: ServiceRef;
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  /** @param service as the API server gives it; undefined: there is none of this name */
  readonly onChange: (service: unknown) => void;
}

/** The one Service whose addresses are published. The watch of all Services keeps no status, and may be of other namespaces. */
export function publishedCollection(service: ServiceRef): Collection {
  return {
    resource: 'services',
    namespace: service.namespace,
    selector: '',
    fields: nameField(service),
    pageSize: 1,
    keep: object => object,
    unread: 'Until it can be read, no address is written into statuses',
  };
}

export function publishedService({ service, onChange, ...options }: PublishedServiceOptions): Reflector {
  return new Reflector<KubeObject>({
    ...options,
    collection: publishedCollection(service),
    target: {
      replaced: ([found]) => onChange(found),
      changed: ({ type, object }) => onChange(type === 'upsert' ? object : undefined),
      failed: () => undefined,
      settled: () => undefined,
    },
  });
}
