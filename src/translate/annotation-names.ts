/** The annotations this program knows, by what follows the prefix. */
export const ANNOTATIONS = [
  'path',
  'host',
  'port',
  'strip-prefix',
  'connect-timeout',
  'read-timeout',
  'send-timeout',
  'max-body-size',
  'rewrite-redirects',
  'balance',
  'affinity',
  'affinity-name',
  'affinity-path',
  'affinity-domain',
  'affinity-max-age',
  'affinity-samesite',
  'affinity-secure',
  'max-requests',
  'slow-start',
  'health-check',
] as const;

export type AnnotationName = (typeof ANNOTATIONS)[number];
