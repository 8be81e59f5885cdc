import type { FieldEdits } from '../ports.ts';

const NO_LINES: readonly string[] = [];

/** Changes to the header lines of one message, in the order in which they were asked for. Used again for other messages. */
export class FieldChanges {
  /** In lower case. */
  readonly #dropped = new Set<string>();
  #added: (readonly [name: string, value: string])[] = [];

  /** No line is dropped, and none is added. */
  get isEmpty(): boolean {
    return this.#dropped.size === 0 && this.#added.length === 0;
  }

  /** The lines that stand behind those of the message. */
  get added(): readonly (readonly [name: string, value: string])[] {
    return this.#added;
  }

  /** Those lines as text, without line ends. */
  get lines(): readonly string[] {
    return this.#added.length === 0 ? NO_LINES : this.#added.map(([name, value]) => `${name}: ${value}`);
  }

  /** @param name in lower case */
  drops(name: string): boolean {
    return this.#dropped.has(name);
  }

  /** All lines of a name go, those that were added before too. */
  drop(name: string): void {
    const lower = name.toLowerCase();
    this.#dropped.add(lower);
    if (this.#added.length > 0) this.#added = this.#added.filter(([other]) => other.toLowerCase() !== lower);
  }

  /** @param value holds no line end */
  add(name: string, value: string): void {
    this.#added.push([name, value]);
  }

  /** One line takes the place of all lines of its name. */
  set(name: string, value: string): void {
    this.drop(name);
    this.add(name, value);
  }

  clear(): void {
    if (this.isEmpty) return;
    this.#dropped.clear();
    this.#added = [];
  }
}

/** The changes that policies make to a message, behind those that are made anyway. */
export class PolicyEdits implements FieldEdits {
  readonly added: readonly string[];
  readonly #changes: FieldChanges;
  readonly #before: FieldEdits | undefined;

  constructor(changes: FieldChanges, before?: FieldEdits) {
    this.#changes = changes;
    this.#before = before;
    this.added = before === undefined ? changes.lines : [...before.added, ...changes.lines];
  }

  concerns(name: string): boolean {
    return this.#changes.drops(name) || this.#before?.concerns(name) === true;
  }

  edit(name: string, value: string): string | undefined {
    return this.#changes.drops(name) ? undefined : this.#before?.edit(name, value);
  }
}
