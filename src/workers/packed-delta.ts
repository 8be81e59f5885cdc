/**
 * A change of the table on its way to the workers, as one text: it is made once, where the structured clone of ten
 * thousand routes, which was the most expensive part of a first sync, is made anew for each worker.
 */
import type { TableDelta } from '../model/delta.ts';
import type { Endpoint, Route } from '../model/route.ts';

interface PackedRoute extends Omit<Route, 'backend'> {
  /** Name of the backend. */
  readonly backend: string;
  /** Where its endpoints are in the list of all. */
  readonly endpoints: number;
}

interface Packed extends Omit<TableDelta, 'upserts'> {
  readonly upserts: readonly PackedRoute[];
  readonly endpoints: readonly (readonly Endpoint[])[];
}

export function pack({ version, upserts, removals }: TableDelta): string {
  // Routes with the same endpoints must have the same ones over there, too: connections and turns are kept by identity.
  const places = new Map<readonly Endpoint[], number>();
  const routes = upserts.map(({ backend: { name, endpoints }, ...route }): PackedRoute => {
    const place = places.get(endpoints) ?? places.size;
    places.set(endpoints, place);
    return { ...route, backend: name, endpoints: place };
  });
  return JSON.stringify({ version, upserts: routes, removals, endpoints: [...places.keys()] } satisfies Packed);
}

/** @param text of {@link pack} */
export function unpack(text: string): TableDelta {
  const { version, upserts, removals, endpoints } = JSON.parse(text) as Packed;
  return {
    version,
    upserts: upserts.map(
      (packed): Route => ({
        host: packed.host,
        path: packed.path,
        stripPrefix: packed.stripPrefix,
        rewriteRedirects: packed.rewriteRedirects,
        overrides: packed.overrides,
        backend: { name: packed.backend, endpoints: endpoints[packed.endpoints] ?? [] },
        service: packed.service,
        createdAt: packed.createdAt,
        counterBlock: packed.counterBlock,
      }),
    ),
    removals,
  };
}
