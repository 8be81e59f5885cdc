/** What is wrong with the Ingresses of one host. Pure. */
import type { Diagnostic } from '../../model/diagnostic.ts';
import { CATCH_ALL_HOST } from '../../model/route.ts';
import type { HostRoutes } from './host-routes.ts';
import { ingressKey } from './ingress-key.ts';
import type { HostLocations } from './locations.ts';

/** @returns by key of the Ingress */
export function hostDiagnostics(
  { conflicts, host }: HostLocations,
  problems: HostRoutes['problems'],
): ReadonlyMap<string, readonly Diagnostic[]> {
  const all: Diagnostic[] = [...conflicts];
  for (const [{ ingress }, found] of problems) {
    const said = new Set<string>();
    for (const { message, ...problem } of found) {
      // Several paths may lead to one Service.
      if (said.has(message)) continue;
      said.add(message);
      const where = host === CATCH_ALL_HOST ? '' : `${host}: `;
      all.push({ object: { kind: 'Ingress', ...ingress }, ...problem, message: where + message });
    }
  }
  return Map.groupBy(all, ({ object }) => ingressKey(object));
}
