import { POLICY_ROWS } from './policies/policies.ts';

const NAMES = [
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
  'tls-secret',
  'tls-redirect',
  'tls-passthrough',
  'client-ca-secret',
  'client-certificate',
  'protocol',
  'ca-secret',
  'server-name',
  'tls-verify',
] as const;

export type AnnotationName = (typeof NAMES)[number];

/** The annotations this program knows, by what follows the prefix. */
export const ANNOTATIONS: readonly string[] = [...NAMES, ...POLICY_ROWS.map(({ name }) => name)];
