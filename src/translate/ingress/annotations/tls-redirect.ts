import type { IngressFeature } from '../ingress-feature.ts';

/** When clients of plain HTTP are sent to https. */
export const TLS_REDIRECT: IngressFeature = {
  rows: [
    {
      name: 'ssl-redirect',
      support: 'works',
      value: 'true or false',
      example: 'false',
      help: 'Sends clients of plain HTTP to https with 308, where the host has TLS. It is so without the annotation; "false" turns it off.',
    },
    {
      name: 'force-ssl-redirect',
      support: 'works',
      value: 'true or false',
      example: 'true',
      help: 'Sends clients of plain HTTP to https also where the host has no certificate here.',
    },
    {
      name: 'preserve-trailing-slash',
      support: 'works',
      value: 'true or false',
      example: 'true',
      help: 'Keeps a slash at the end of the URL in that redirect, which goes otherwise.',
    },
  ],
  read(values) {
    const { sslRedirect, forceSslRedirect, preserveTrailingSlash, httpRedirectCode } = values.config;
    const redirects = values.bool('ssl-redirect', sslRedirect);
    const isAlways = values.bool('force-ssl-redirect', forceSslRedirect);
    const keepsSlash = values.bool('preserve-trailing-slash', preserveTrailingSlash);
    if (!redirects && !isAlways) return undefined;
    return { route: { tlsRedirect: { isAlways, status: httpRedirectCode, keepsSlash } } };
  },
};
