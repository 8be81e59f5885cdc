import type { Diagnostic, ObjectRef } from '../../model/diagnostic.ts';
import { CATCH_ALL_HOST, serviceKey } from '../../model/route.ts';

/** What an object is told whose hosts belong to an object of another kind. @param lost by host, whose it is */
export function hostConflicts(object: ObjectRef, lost: ReadonlyMap<string, ObjectRef>): Diagnostic[] {
  return [...lost].map(([host, owner]) => {
    const whose = `the older ${owner.kind ?? 'Service'} ${serviceKey(owner)}`;
    const advice =
      'a host is served by Services, by Ingresses or by Gateways: name another one, or move all of its paths to one of them';
    const what = host === CATCH_ALL_HOST ? 'whatever names no host' : `the host ${host}`;
    const message = `${what} belongs to ${whose}, and nothing of this ${object.kind ?? 'Service'} is served there: ${advice}`;
    return { object, severity: 'refused', reason: 'HostConflict', message, paths: [] };
  });
}
