import { Misshapen } from '../misshapen.ts';
import { isNothing, isObject, type ShapeProblem } from '../service-object.ts';

/** What a text must be like. */
export interface TextRule {
  /** Most characters. */
  readonly most: number;
  readonly least?: number;
  /** Tried on what is not too long. */
  readonly test?: (text: string) => boolean;
  /** What is wrong with a text that fails the test: `must be a DNS name`. */
  readonly otherwise?: string;
}

const ANY_TEXT: TextRule = { most: 4096 };
/** Of a mapping's keys, in all. */
const LONGEST_KEY = 512;

/**
 * One place in a value from outside, with its path for people. Reading throws {@link Misshapen} at what has the wrong shape. The
 * path is put together only then: an object may have thousands of fields.
 */
export class Field {
  readonly value: unknown;
  readonly #parent: Field | undefined;
  readonly #key: string | number;

  constructor(value: unknown, parent?: Field, key: string | number = '') {
    this.value = value;
    this.#parent = parent;
    this.#key = key;
  }

  get path(): ShapeProblem['path'] {
    const path: (string | number)[] = [];
    for (let field: Field = this; field.#parent !== undefined; field = field.#parent) path.unshift(field.#key);
    return path;
  }

  /** Absent, or null, which stands for absent in JSON of the API. */
  get isAbsent(): boolean {
    return isNothing(this.value);
  }

  wrong(reason: string): Misshapen {
    return new Misshapen(this.path, reason);
  }

  /** A field of this mapping. */
  at(key: string): Field {
    return new Field(this.#mapping()[key], this, key);
  }

  /** Undefined where it is absent. */
  maybe<T>(read: (field: Field) => T): T | undefined {
    return this.isAbsent ? undefined : read(this);
  }

  text(rule: TextRule = ANY_TEXT): string {
    const { value } = this;
    const { most, least = 0, test, otherwise = 'has a form that the API does not know' } = rule;
    if (isNothing(value)) throw this.wrong('is missing');
    if (typeof value !== 'string') throw this.wrong('must be a string');
    if (value.length > most) throw this.wrong(`must have at most ${most} characters`);
    if (value.length < least) throw this.wrong('must not be empty');
    if (test?.(value) === false) throw this.wrong(otherwise);
    return value;
  }

  /** Undefined where it is absent. */
  maybeText(rule?: TextRule): string | undefined {
    return this.maybe(field => field.text(rule));
  }

  whole(least: number, most: number): number {
    const { value } = this;
    if (isNothing(value)) throw this.wrong('is missing');
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.wrong(`must be a whole number from ${least} to ${most}`);
  }

  flag(): boolean {
    if (typeof this.value !== 'boolean') throw this.wrong('must be true or false');
    return this.value;
  }

  /** Empty where it is absent. @param most items */
  list<T>(most: number, read: (item: Field) => T): T[] {
    const { value } = this;
    if (isNothing(value)) return [];
    if (!Array.isArray(value)) throw this.wrong('must be a list');
    if (value.length > most) throw this.wrong(`must have at most ${most} items`);
    return (value as unknown[]).map((item, index) => read(new Field(item, this, index)));
  }

  /** A mapping of strings; empty where it is absent. @param most characters of all values together */
  texts(most: number): Record<string, string> {
    if (this.isAbsent) return {};
    const entries = Object.entries(this.#mapping());
    let length = 0;
    for (const [key, text] of entries) {
      if (typeof text !== 'string') throw this.at(key.slice(0, LONGEST_KEY)).wrong('must be a string');
      length += key.length + text.length;
      if (length > most) throw this.wrong(`must have at most ${most} characters`);
    }
    return Object.fromEntries(entries) as Record<string, string>;
  }

  #mapping(): Record<string, unknown> {
    if (isNothing(this.value)) throw this.wrong('is missing');
    if (!isObject(this.value)) throw this.wrong('must be a mapping');
    return this.value;
  }
}
