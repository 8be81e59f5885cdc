/** Bytes of TLS that a pod decrypts. */
import type { IngressFeature } from '../ingress-feature.ts';

export const SSL_PASSTHROUGH: IngressFeature = {
  rows: [
    {
      name: 'ssl-passthrough',
      support: 'works',
      value: 'true or false',
      example: 'true',
      help:
        'The bytes of TLS connections for the host go to the Service of its path / as they are; other annotations of the host have no ' +
        'effect on them. Plain HTTP is served as ever.',
      differs: 'It needs no flag; ingress-nginx ignores it without --enable-ssl-passthrough.',
    },
  ],
  read: values => (values.bool('ssl-passthrough', false) ? { server: { isPassthrough: true } } : undefined),
};
