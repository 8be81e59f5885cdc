import type { ServiceObject } from './service-object.ts';

/** Where a source puts the Services that it sees. */
export interface ServiceStore {
  /** Replaces all Services by these. The first call makes the source complete. */
  replace(services: readonly ServiceObject[]): void;
  upsert(service: ServiceObject): void;
  remove(service: { readonly namespace: string; readonly name: string }): void;
}
