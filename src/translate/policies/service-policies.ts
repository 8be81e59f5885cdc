import type { Policy } from '../../model/policy.ts';
import type { ServiceRef } from '../../model/route.ts';
import { PREFIX } from '../../resources/annotation-prefix.ts';
import { readAnnotation } from '../annotations.ts';
import type { References } from '../references.ts';
import { RefusalError } from '../refusal-error.ts';
import { POLICIES, readPolicies } from './policies.ts';

/** The annotations of a Service, and where mistakes in them are told. */
interface ServiceAnnotations {
  get(name: string): string | undefined;
  /** Records the refusal that `read` throws. @returns undefined after one */
  attempt<T>(read: () => T): T | undefined;
  warn(reason: 'AnnotationWithoutEffect', message: string, field: string): void;
  readonly references: Pick<References, 'toService' | 'toUrl'>;
}

/** What the annotations of a Service ask for; undefined: nothing. */
export function readServicePolicies(
  service: ServiceRef,
  { get, attempt, warn, references }: ServiceAnnotations,
  engine: 'wire' | 'node' = 'wire',
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
    get,
    read: (name, parse) => {
      const text = get(name);
      return text === undefined ? undefined : attempt(() => readAnnotation(name, text, parse));
    },
    clusterOfService: (name, reference) => references.toService(name, reference),
    clusterOfUrl: url => references.toUrl(url),
  });
  const [asked] = policies ?? [];
  if (asked !== undefined && engine === 'node') attempt(() => refuseForEngine(PREFIX + asked.kind));
  return policies;
}

function refuseForEngine(field: string): never {
  throw new RefusalError(
    'NeedsEngineWire',
    `${field}: --engine node knows no policies: run --engine wire, or remove it`,
    field,
  );
}
