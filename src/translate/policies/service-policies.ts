import type { Credentials } from '../../model/credentials.ts';
import type { Policy } from '../../model/policy.ts';
import type { ServiceRef } from '../../model/route.ts';
import { PREFIX } from '../../resources/annotation-prefix.ts';
import type { CredentialsFault } from '../../resources/credentials.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import { readAnnotation } from '../annotations.ts';
import type { References } from '../references.ts';
import { RefusalError } from '../refusal-error.ts';
import { POLICIES, readPolicies } from './policies.ts';

/** The annotations of a Service, and where mistakes in them are told. */
interface ServiceAnnotations {
  get(name: string): string | undefined;
  /** Records the refusal that `read` throws. @returns undefined after one */
  attempt<T>(read: () => T): T | undefined;
  warn(reason: 'AnnotationWithoutEffect' | 'PolicyUnavailable', message: string, field: string): void;
  readonly port: number;
  readonly references: Pick<References, 'toService' | 'toUrl'>;
}

/** What the policies of a Service depend on beside the Service. */
export interface PolicyOptions {
  /** The engine `node` knows no policies. */
  readonly engine?: 'wire' | 'node';
  /** The users of a Secret, or why there are none; undefined while it is not known. By default nothing is known yet. */
  readonly credentials?: (secret: SecretRef) => Credentials | CredentialsFault | undefined;
}

/** What the annotations of a Service ask for; undefined: nothing. */
export function readServicePolicies(
  service: ServiceRef,
  { get, attempt, warn, port, references }: ServiceAnnotations,
  { engine = 'wire', credentials }: PolicyOptions,
): readonly Policy[] | undefined {
  for (const {
    rows: [first, ...others],
  } of POLICIES) {
    if (get(first.name) !== undefined) continue;
    for (const { name } of others) {
      const field = PREFIX + name;
      if (get(name) === undefined) continue;
      warn('AnnotationWithoutEffect', `${field}: has no effect without ${PREFIX}${first.name}`, field);
    }
  }
  const policies = readPolicies({
    service,
    port,
    get,
    read: (name, parse) => {
      const text = get(name);
      return text === undefined ? undefined : attempt(() => readAnnotation(name, text, parse));
    },
    clusterOfService: (name, reference) => references.toService(name, reference),
    clusterOfUrl: url => references.toUrl(url),
    credentials: (annotation, name) => {
      const found = credentials?.({ namespace: service.namespace, name });
      if (found === undefined) return { fault: `the Secret ${name} has not been read yet` };
      if (!('fault' in found)) return found;
      const field = PREFIX + annotation;
      const fault = `the Secret ${name} cannot be used: ${found.fault}`;
      warn('PolicyUnavailable', `${field}: ${fault}; until it can be, all requests are refused with 503`, field);
      return { fault };
    },
  });
  const [asked] = policies ?? [];
  if (asked !== undefined && engine === 'node') {
    attempt(() => refuseForEngine(PREFIX + (asked.kind === 'unavailable' ? (asked.of ?? asked.kind) : asked.kind)));
  }
  return policies;
}

function refuseForEngine(field: string): never {
  throw new RefusalError(
    'NeedsEngineWire',
    `${field}: --engine node knows no policies: run --engine wire, or remove it`,
    field,
  );
}
