import type { Demand } from './demand.ts';
import type { Secret } from './secret.ts';
import type { ShapeProblem } from './service-object.ts';

/** Names a Secret. */
export interface SecretRef {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Where a source puts the Secrets that are asked for. Until something is said of one it is not known yet: whether it exists may
 * be about to be read.
 */
export interface SecretStore {
  /** Which Secrets are asked for. Of the others nothing need be said, and nothing of them is kept. */
  readonly demand: Demand;
  /** @param secret undefined: there is no such Secret; a problem: it cannot be used, and why */
  setSecret(ref: SecretRef, secret: Secret | ShapeProblem | undefined): void;
  /**
   * The Secret may not be read: what is known of it stays in force, until {@link setSecret}.
   * @param why for people, with what to do about it
   */
  secretUnreadable(ref: SecretRef, why: string): void;
}

/** All Secrets that are asked for, by how they are read: a Secret may be asked for in both ways. */
export interface SecretStores {
  /** Of type `kubernetes.io/tls`: those of a namespace share one watch, and any number may be asked for. */
  readonly tls: SecretStore;
  /** Of any type, each with a watch of its own: certificate authorities, and the default certificate. */
  readonly named: SecretStore;
}
