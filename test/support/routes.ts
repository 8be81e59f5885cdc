/** Routes for tests that care about their host and path only. */
import type { Route } from '../../src/model/route.ts';

export function route(path: string, fields: Partial<Route> = {}): Route {
  const service = fields.service ?? { namespace: 'default', name: 'web' };
  return {
    host: '',
    path,
    stripPrefix: true,
    rewriteRedirects: false,
    overrides: {},
    backend: { name: `${service.namespace}-${service.name}-80`, endpoints: [{ address: '127.0.0.1', port: 80 }] },
    service,
    createdAt: '',
    counterBlock: 0,
    ...fields,
  };
}
