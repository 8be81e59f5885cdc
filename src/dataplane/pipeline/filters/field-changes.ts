import type { HeaderEdit } from '../../../model/policy.ts';
import { endedLines } from '../../fields/header-lines.ts';
import { NameSet } from '../../fields/name-set.ts';
import { hyphenated } from '../header-ids.ts';
import { type Answer, EDITED, type Fate, type FieldEdits, GOES, STAYS } from '../ports.ts';

type Field = readonly [name: string, value: string];

/** What becomes of the value of each line of a name. Names are in lower case. */
export type FieldMap = ReadonlyMap<string, (value: string) => string>;

/** Changes to the header lines of a message that are the same for many messages: worked out once. */
export class PreparedChanges {
  readonly edits: readonly HeaderEdit[];
  /** In lower case. */
  readonly dropped: ReadonlySet<string>;
  readonly added: readonly Field[];
  /** {@link added} as lines, each with its line end. */
  readonly lines: string;
  /** Of lines that stay; undefined where none is changed. */
  readonly maps: FieldMap | undefined;
  #removed: NameSet | undefined;
  #mapped: NameSet | undefined;
  #ofRequest: RequestEdits | undefined;
  #ofResponse: PolicyEdits | undefined;

  /** @param edits in the order in which they are done */
  constructor(edits: readonly HeaderEdit[], maps?: FieldMap) {
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
    this.edits = edits;
    this.maps = maps;
    this.dropped = dropped;
    this.added = added;
    this.lines = endedLines(added.map(([name, value]) => `${name}: ${value}`));
  }

  /** The names in {@link dropped}. */
  get removed(): NameSet {
    this.#removed ??= new NameSet([...this.dropped]);
    return this.#removed;
  }

  /** The names in {@link maps}; undefined where there are none. */
  get mapped(): NameSet | undefined {
    this.#mapped ??= this.maps && new NameSet([...this.maps.keys()]);
    return this.#mapped;
  }

  /** To a request. */
  get ofRequest(): RequestEdits {
    this.#ofRequest ??= new RequestEdits(this);
    return this.#ofRequest;
  }

  /** To a response. @param before what is changed in its head anyway */
  ofResponse(before: FieldEdits | undefined): FieldEdits {
    if (before !== undefined) return new PolicyEdits(this, before);
    this.#ofResponse ??= new PolicyEdits(this);
    return this.#ofResponse;
  }
}

const NOTHING = new PreparedChanges([]);

/** Changes to the header lines of one message, in the order in which they were asked for. Used again for other messages. */
export class FieldChanges {
  /** All that was asked for before {@link #edits}. */
  #prepared = NOTHING;
  #edits: HeaderEdit[] = [];
  #maps: FieldMap | undefined;

  /** No line is dropped or changed, and none is added. */
  get isEmpty(): boolean {
    return this.#prepared === NOTHING && this.#edits.length === 0 && this.#maps === undefined;
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

  /** Changes the lines that the message has. */
  map(maps: FieldMap): void {
    this.#maps = maps;
  }

  apply(changes: PreparedChanges): void {
    if (this.#prepared === NOTHING && this.#edits.length === 0) this.#prepared = changes;
    else this.#edits.push(...changes.edits);
  }

  /** All of them together. */
  settle(): PreparedChanges {
    if (this.#edits.length > 0 || this.#maps !== undefined) {
      this.#prepared = new PreparedChanges(
        [...this.#prepared.edits, ...this.#edits],
        this.#maps ?? this.#prepared.maps,
      );
      this.#edits = [];
      this.#maps = undefined;
    }
    return this.#prepared;
  }

  clear(): void {
    this.#prepared = NOTHING;
    this.#maps = undefined;
    if (this.#edits.length > 0) this.#edits = [];
  }
}

/** The changes that policies make to a response, behind those that are made anyway. */
class PolicyEdits implements FieldEdits {
  readonly added: string;
  readonly lengths: number;
  readonly #removed: NameSet;
  readonly #mapped: NameSet | undefined;
  readonly #maps: FieldMap | undefined;
  readonly #before: FieldEdits | undefined;

  constructor({ removed, mapped, maps, lines }: PreparedChanges, before?: FieldEdits) {
    this.#removed = removed;
    this.#mapped = mapped;
    this.#maps = maps;
    this.#before = before;
    this.added = before === undefined ? lines : before.added + lines;
    this.lengths = removed.lengths | (mapped?.lengths ?? 0) | (before?.lengths ?? 0);
  }

  fateOf(text: string, start: number, end: number): Fate {
    if (this.#removed.has(text, start, end)) return GOES;
    if (this.#mapped?.has(text, start, end) === true) return EDITED;
    return this.#before === undefined ? STAYS : this.#before.fateOf(text, start, end);
  }

  edit(name: string, value: string): string {
    const own = this.#before?.fateOf(name, 0, name.length) === EDITED ? this.#before.edit(name, value) : value;
    return this.#maps?.get(name)?.(own) ?? own;
  }
}

/** The changes that policies make to a request: where one says what a header is, the client can send it under no name for it. */
export class RequestEdits implements FieldEdits {
  readonly added: string;
  readonly lengths: number;
  readonly #names: NameSet;

  constructor({ lines, dropped }: PreparedChanges) {
    this.added = lines;
    this.#names = new NameSet([...dropped].map(hyphenated), true);
    this.lengths = this.#names.lengths;
  }

  /** Lines of requests go, or stay. */
  fateOf(text: string, start: number, end: number): Fate {
    return this.#names.has(text, start, end) ? GOES : STAYS;
  }

  edit(_name: string, value: string): string {
    return value;
  }
}

/** An answer that is made here, with changes to its header lines. */
export function changedAnswer(answer: Answer, { added, dropped }: PreparedChanges): Answer {
  const isType = ([name]: readonly [string, string]): boolean => name.toLowerCase() === 'content-type';
  const contentType = added.findLast(isType)?.[1] ?? (dropped.has('content-type') ? '' : answer.contentType);
  const kept = answer.headers.filter(([name]) => !dropped.has(name.toLowerCase()));
  return { ...answer, contentType, headers: [...kept, ...added.filter(field => !isType(field))] };
}
