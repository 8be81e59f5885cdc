/** Policies on their way to the workers, as JSON that says all. */
import { Credentials } from '../model/credentials.ts';
import type { BasicAuthPolicy, Policy, SatisfyPolicy } from '../model/policy.ts';

/** The one form in which hashes of passwords are written out: it goes from thread to thread, and nowhere else. */
type PackedBasicAuth = Omit<BasicAuthPolicy, 'credentials'> & {
  readonly credentials: { readonly id: string; readonly users: ReturnType<Credentials['reveal']> };
};

type PackedSatisfy = Omit<SatisfyPolicy, 'ways'> & { readonly ways: readonly Packed<SatisfyPolicy['ways'][number]>[] };

/** A policy of some kinds, packed. */
type Packed<P extends Policy> =
  | Exclude<P, BasicAuthPolicy | SatisfyPolicy>
  | (BasicAuthPolicy extends P ? PackedBasicAuth : never)
  | (SatisfyPolicy extends P ? PackedSatisfy : never);

export type PackedPolicy = Packed<Policy>;

export function packPolicies(list: readonly Policy[]): readonly PackedPolicy[] {
  return list.map(policy => {
    if (policy.kind === 'satisfy') return { ...policy, ways: policy.ways.map(packWay) };
    return policy.kind === 'basic-auth' ? packBasicAuth(policy) : policy;
  });
}

export function unpackPolicies(list: readonly PackedPolicy[]): readonly Policy[] {
  return list.map(policy => {
    if (policy.kind === 'satisfy') return { ...policy, ways: policy.ways.map(unpackWay) };
    return policy.kind === 'basic-auth' ? unpackBasicAuth(policy) : policy;
  });
}

type Way = SatisfyPolicy['ways'][number];

function packWay(way: Way): Packed<Way> {
  return way.kind === 'basic-auth' ? packBasicAuth(way) : way;
}

function unpackWay(way: Packed<Way>): Way {
  return way.kind === 'basic-auth' ? unpackBasicAuth(way) : way;
}

function packBasicAuth(policy: BasicAuthPolicy): PackedBasicAuth {
  const { id } = policy.credentials;
  return { ...policy, credentials: { id, users: policy.credentials.reveal() } };
}

function unpackBasicAuth(policy: PackedBasicAuth): BasicAuthPolicy {
  const { id, users } = policy.credentials;
  return { ...policy, credentials: new Credentials(id, users) };
}
