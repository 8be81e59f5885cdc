import type { HeaderEdit } from '../../../model/policy.ts';
import { type FieldEdits, lengthBit } from '../ports.ts';

type Field = readonly [name: string, value: string];

/** Changes to the header lines of a message that are the same for many messages: worked out once. */
export class PreparedChanges {
  readonly edits: readonly HeaderEdit[];
  /** In lower case. */
  readonly dropped: ReadonlySet<string>;
  readonly added: readonly Field[];
  /** {@link added} as text, without line ends. */
  readonly lines: readonly string[];
  /** As {@link FieldEdits.lengths}. */
  readonly lengths: number;

  /** @param edits in the order in which they are done */
  constructor(edits: readonly HeaderEdit[]) {
    const dropped = new Set<string>();
    let added: Field[] = [];
    for (const { op, name, value } of edits) {
      const lower = name.toLowerCase();
      if (op !== 'add') {
        dropped.add(lower);
        added = added.filter(([other]) => other.toLowerCase() !== lower);
      }
      if (op !== 'remove') added.push([name, value]);
    }
    let lengths = 0;
    for (const name of dropped) lengths |= lengthBit(name.length);
    this.edits = edits;
    this.dropped = dropped;
    this.added = added;
    this.lines = added.map(([name, value]) => `${name}: ${value}`);
    this.lengths = lengths;
  }
}

const NOTHING = new PreparedChanges([]);

/** Changes to the header lines of one message, in the order in which they were asked for. Used again for other messages. */
export class FieldChanges {
  /** All that was asked for before {@link #edits}. */
  #prepared = NOTHING;
  #edits: HeaderEdit[] = [];

  /** No line is dropped, and none is added. */
  get isEmpty(): boolean {
    return this.#prepared === NOTHING && this.#edits.length === 0;
  }

  /** All lines of a name go, those that were added before too. */
  drop(name: string): void {
    this.#edits.push({ op: 'remove', name, value: '' });
  }

  /** @param value holds no line end */
  add(name: string, value: string): void {
    this.#edits.push({ op: 'add', name, value });
  }

  /** One line takes the place of all lines of its name. */
  set(name: string, value: string): void {
    this.#edits.push({ op: 'set', name, value });
  }

  apply(changes: PreparedChanges): void {
    if (this.isEmpty) this.#prepared = changes;
    else this.#edits.push(...changes.edits);
  }

  /** All of them together. */
  settle(): PreparedChanges {
    if (this.#edits.length > 0) {
      this.#prepared = new PreparedChanges([...this.#prepared.edits, ...this.#edits]);
      this.#edits = [];
    }
    return this.#prepared;
  }

  clear(): void {
    this.#prepared = NOTHING;
    if (this.#edits.length > 0) this.#edits = [];
  }
}

/** The changes that policies make to a message, behind those that are made anyway. */
export class PolicyEdits implements FieldEdits {
  readonly added: readonly string[];
  readonly lengths: number;
  readonly #changes: PreparedChanges;
  readonly #before: FieldEdits | undefined;

  constructor(changes: PreparedChanges, before?: FieldEdits) {
    this.#changes = changes;
    this.#before = before;
    this.added = before === undefined ? changes.lines : [...before.added, ...changes.lines];
    this.lengths = changes.lengths | (before?.lengths ?? 0);
  }

  concerns(name: string): boolean {
    return this.#changes.dropped.has(name) || this.#before?.concerns(name) === true;
  }

  edit(name: string, value: string): string | undefined {
    return this.#changes.dropped.has(name) ? undefined : this.#before?.edit(name, value);
  }
}
