import { serviceKey } from '../../model/route.ts';
import { Demand } from '../../resources/demand.ts';
import type { Secret } from '../../resources/secret.ts';
import type { SecretRef, SecretStore } from '../../resources/secret-store.ts';
import { fieldName, isShapeProblem, type ShapeProblem } from '../../resources/service-object.ts';

/**
 * What is known of a Secret. `awaited`: nothing yet. `unusable`: it exists, and `why` says what is wrong with it. `unreadable`: it
 * may not be read, as `why` says, and `secret` is what was read of it before.
 */
export type SecretState =
  | { readonly state: 'awaited' | 'absent' }
  | { readonly state: 'known'; readonly secret: Secret }
  | { readonly state: 'unusable'; readonly why: string }
  | { readonly state: 'unreadable'; readonly why: string; readonly secret: Secret | undefined };

const AWAITED: SecretState = { state: 'awaited' };

/** The Secrets that objects ask for, as a source says them, and who asks. Of the others nothing is kept. */
export class KnownSecrets implements SecretStore {
  readonly demand = new Demand();
  readonly #states = new Map<string, SecretState>();
  /** By Secret, the objects that ask for it. */
  readonly #askers = new Map<string, Set<string>>();
  /** By object, the Secrets that it asks for. */
  readonly #asked = new Map<string, readonly SecretRef[]>();
  /** Objects whose Secrets may be otherwise than when {@link takeChanged} was asked last. */
  readonly #changed = new Set<string>();

  /** Says all that an object asks for now. @param asker the key of the object */
  ask(asker: string, secrets: readonly SecretRef[]): void {
    const before = this.#asked.get(asker) ?? [];
    if (secrets.length > 0) this.#asked.set(asker, secrets);
    else this.#asked.delete(asker);
    for (const ref of secrets) this.#add(asker, ref);
    const kept = new Set(secrets.map(serviceKey));
    for (const ref of before) if (!kept.has(serviceKey(ref))) this.#drop(asker, ref);
  }

  of(secret: SecretRef): SecretState {
    return this.#states.get(serviceKey(secret)) ?? AWAITED;
  }

  askersOf(secret: SecretRef): readonly string[] {
    return [...(this.#askers.get(serviceKey(secret)) ?? [])];
  }

  /** The objects that ask for Secrets of which something was said since this was asked last. */
  takeChanged(): string[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  setSecret(ref: SecretRef, said: Secret | ShapeProblem | undefined): void {
    if (said === undefined) this.#say(ref, { state: 'absent' });
    else if (isShapeProblem(said)) this.#say(ref, { state: 'unusable', why: `${fieldName(said.path)} ${said.reason}` });
    else this.#say(ref, { state: 'known', secret: said });
  }

  secretUnreadable(ref: SecretRef, why: string): void {
    const before = this.of(ref);
    this.#say(ref, { state: 'unreadable', why, secret: 'secret' in before ? before.secret : undefined });
  }

  #say(ref: SecretRef, state: SecretState): void {
    if (!this.demand.has(ref)) return;
    this.#states.set(serviceKey(ref), state);
    for (const asker of this.askersOf(ref)) this.#changed.add(asker);
  }

  #add(asker: string, ref: SecretRef): void {
    const key = serviceKey(ref);
    const askers = this.#askers.get(key) ?? new Set();
    this.#askers.set(key, askers.add(asker));
    this.demand.set(ref, true);
  }

  #drop(asker: string, ref: SecretRef): void {
    const key = serviceKey(ref);
    const askers = this.#askers.get(key);
    askers?.delete(asker);
    if (askers === undefined || askers.size > 0) return;
    this.#askers.delete(key);
    this.#states.delete(key);
    this.demand.set(ref, false);
  }
}
