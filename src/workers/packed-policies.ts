/** Policies on their way to the workers, as JSON that says all. */
import { Credentials } from '../model/credentials.ts';
import type { BasicAuthPolicy, Policy } from '../model/policy.ts';

/** The one form in which hashes of passwords are written out: it goes from thread to thread, and nowhere else. */
type PackedBasicAuth = Omit<BasicAuthPolicy, 'credentials'> & {
  readonly credentials: { readonly id: string; readonly users: ReturnType<Credentials['reveal']> };
};

export type PackedPolicy = Exclude<Policy, BasicAuthPolicy> | PackedBasicAuth;

export function packPolicies(list: readonly Policy[]): readonly PackedPolicy[] {
  return list.map(policy => {
    if (policy.kind !== 'basic-auth') return policy;
    const { credentials } = policy;
    return { ...policy, credentials: { id: credentials.id, users: credentials.reveal() } };
  });
}

export function unpackPolicies(list: readonly PackedPolicy[]): readonly Policy[] {
  return list.map(policy => {
    if (policy.kind !== 'basic-auth') return policy;
    const { id, users } = policy.credentials;
    return { ...policy, credentials: new Credentials(id, users) };
  });
}
