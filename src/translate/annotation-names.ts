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
] as const;

export type AnnotationName = (typeof ANNOTATIONS)[number];
