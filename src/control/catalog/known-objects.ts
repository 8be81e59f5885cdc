import { type ServiceRef, serviceKey } from '../../model/route.ts';
import { Demand } from '../../resources/demand.ts';
import { fieldName, isShapeProblem, type ShapeProblem } from '../../resources/service-object.ts';
import { NameSets } from './name-sets.ts';

/**
 * What is known of an object that is asked for by its name. `awaited`: nothing yet. `unusable`: it exists, and `why` says what is wrong
 * with it. `unreadable`: it may not be read, as `why` says, and `value` is what was read of it before.
 */
export type KnownState<T> =
  | { readonly state: 'awaited' | 'absent' }
  | { readonly state: 'known'; readonly value: T }
  | { readonly state: 'unusable'; readonly why: string }
  | { readonly state: 'unreadable'; readonly why: string; readonly value: T | undefined };

const AWAITED = { state: 'awaited' } as const;

/** What was read of the object last; undefined where nothing can be used. */
export function lastRead<T>(state: KnownState<T>): T | undefined {
  return 'value' in state ? state.value : undefined;
}

/**
 * Why an object cannot be used, for people. @param what the kind of the object
 * @returns undefined while nothing is known of it, and for one that can be used
 */
export function faultOf<T>(state: KnownState<T>, what: string): { readonly fault: string } | undefined {
  switch (state.state) {
    case 'absent':
      return { fault: `there is no such ${what}` };
    case 'unusable':
    case 'unreadable':
      return lastRead(state) === undefined ? { fault: state.why } : undefined;
    default:
      return undefined;
  }
}

function restored<T>(value: T | undefined): KnownState<T> | undefined {
  return value && { state: 'known', value };
}

/** The objects of one kind that others ask for by name, as a source says them, and who asks. Of the others nothing is kept. */
export class KnownObjects<T extends object> {
  readonly demand = new Demand();
  readonly #states = new Map<string, KnownState<T>>();
  /** What a state file held, of which nothing was said yet. */
  readonly #restored = new Map<string, T>();
  /** By object, those that ask for it. */
  readonly #askers = new NameSets();
  /** By asker, the objects that it asks for. */
  readonly #asked = new Map<string, readonly ServiceRef[]>();
  /** Askers whose objects may have changed since {@link takeChanged} was called last. */
  readonly #changed = new Set<string>();

  /** Says all that an asker asks for now. @param asker a key */
  ask(asker: string, objects: readonly ServiceRef[]): void {
    const before = this.#asked.get(asker) ?? [];
    if (objects.length > 0) this.#asked.set(asker, objects);
    else this.#asked.delete(asker);
    for (const ref of objects) this.#add(asker, ref);
    const kept = new Set(objects.map(serviceKey));
    for (const ref of before) if (!kept.has(serviceKey(ref))) this.#drop(asker, ref);
  }

  of(ref: ServiceRef): KnownState<T> {
    const key = serviceKey(ref);
    return this.#states.get(key) ?? restored(this.#restored.get(key)) ?? AWAITED;
  }

  askersOf(ref: ServiceRef): readonly string[] {
    return this.#askers.of(serviceKey(ref));
  }

  /** Those that ask for objects of which something was said since this was asked last. */
  takeChanged(): string[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  /** From now on what a state file held counts for those alone that ask for it already. */
  forgetRestored(): void {
    for (const [key, value] of this.#restored) {
      if (this.#askers.has(key)) this.#states.set(key, { state: 'known', value });
    }
    this.#restored.clear();
  }

  /** What a state file held: it counts until something is said of the object. */
  protected restore(ref: ServiceRef, value: T): void {
    this.#restored.set(serviceKey(ref), value);
    for (const asker of this.askersOf(ref)) this.#changed.add(asker);
  }

  /** @param said undefined: there is no such object; a problem: it cannot be used, and why */
  protected say(ref: ServiceRef, said: T | ShapeProblem | undefined): void {
    if (said === undefined) this.#set(ref, { state: 'absent' });
    else if (isShapeProblem(said)) this.#set(ref, { state: 'unusable', why: `${fieldName(said.path)} ${said.reason}` });
    else this.#set(ref, { state: 'known', value: said });
  }

  protected sayUnreadable(ref: ServiceRef, why: string): void {
    this.#set(ref, { state: 'unreadable', why, value: lastRead(this.of(ref)) });
  }

  #set(ref: ServiceRef, state: KnownState<T>): void {
    if (!this.demand.has(ref)) return;
    this.#restored.delete(serviceKey(ref));
    this.#states.set(serviceKey(ref), state);
    for (const asker of this.askersOf(ref)) this.#changed.add(asker);
  }

  #add(asker: string, ref: ServiceRef): void {
    const key = serviceKey(ref);
    const isNew = this.#askers.add(key, asker);
    // The object may have become known since the asker was translated, because another one asked for it too.
    if (isNew && this.#states.has(key)) this.#changed.add(asker);
    this.demand.set(ref, true);
  }

  #drop(asker: string, ref: ServiceRef): void {
    const key = serviceKey(ref);
    if (!this.#askers.delete(key, asker) || this.#askers.has(key)) return;
    this.#states.delete(key);
    this.demand.set(ref, false);
  }
}
