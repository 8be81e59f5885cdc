import type { IngressFeature } from '../ingress-feature.ts';

/** What is logged of requests. */
export const ACCESS_LOG: IngressFeature = {
  rows: [
    {
      name: 'enable-access-log',
      support: 'works',
      value: 'true or false',
      example: 'false',
      help: '"false": requests have no line in the access log. They are counted all the same.',
    },
    {
      name: 'enable-rewrite-log',
      support: 'no-effect',
      value: 'true or false',
      example: 'true',
      help: 'Logs what nginx rewrites.',
      why: '"kube-entry explain" shows it for any request',
    },
  ],
  read(values) {
    const isLogged = values.bool('enable-access-log', !values.config.disableAccessLog);
    return isLogged ? undefined : { route: { isLogged } };
  },
};
