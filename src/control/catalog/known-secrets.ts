import type { Secret } from '../../resources/secret.ts';
import type { SecretRef, SecretStore } from '../../resources/secret-store.ts';
import type { ShapeProblem } from '../../resources/service-object.ts';
import { KnownObjects, type KnownState } from './known-objects.ts';

export type SecretState = KnownState<Secret>;

/** The Secrets that objects ask for. */
export class KnownSecrets extends KnownObjects<Secret> implements SecretStore {
  setSecret(ref: SecretRef, said: Secret | ShapeProblem | undefined): void {
    this.say(ref, said);
  }

  secretUnreadable(ref: SecretRef, why: string): void {
    this.sayUnreadable(ref, why);
  }
}
