/** Typed access to what a YAML file holds. Every complaint names the field, as in `users["eve"].user.token`. */
import { FormatError } from '../../../errors.ts';
import { isNothing, isObject } from '../../../resources/service-object.ts';
import { quote } from '../../../text/quote.ts';

export class Fields {
  readonly #value: Readonly<Record<string, unknown>>;
  /** Where this object is in the file; empty for the whole file. */
  readonly place: string;

  /** @throws FormatError for what is not a mapping; nothing at all is an empty one */
  constructor(value: unknown, place: string) {
    if (!isNothing(value) && !isObject(value)) throw new FormatError(`${place || 'the file'} must be a mapping`);
    this.#value = value ?? {};
    this.place = place;
  }

  placeOf(field: string): string {
    return this.place === '' ? field : `${this.place}.${field}`;
  }

  has(field: string): boolean {
    return !isNothing(this.#value[field]);
  }

  /** As it is in the file. */
  raw(field: string): unknown {
    return this.#value[field];
  }

  /** Empty when the field is absent, as Go has it. @throws FormatError */
  text(field: string): string {
    const value = this.#value[field];
    if (isNothing(value)) return '';
    if (typeof value !== 'string') throw notText(this.placeOf(field), value);
    return value;
  }

  /** @throws FormatError */
  flag(field: string): boolean {
    const value = this.#value[field];
    if (isNothing(value)) return false;
    if (typeof value !== 'boolean') throw new FormatError(`${this.placeOf(field)} must be true or false`);
    return value;
  }

  /** @throws FormatError */
  texts(field: string): readonly string[] {
    return this.#listOf(field).map((value, index) => {
      if (typeof value !== 'string') throw notText(`${this.placeOf(field)}[${index}]`, value);
      return value;
    });
  }

  /** @throws FormatError */
  object(field: string): Fields {
    return new Fields(this.#value[field], this.placeOf(field));
  }

  /** @throws FormatError */
  objects(field: string): readonly Fields[] {
    return this.#listOf(field).map((value, index) => new Fields(value, `${this.placeOf(field)}[${index}]`));
  }

  /** The fields of this object, in the file's order. */
  get names(): readonly string[] {
    return Object.keys(this.#value);
  }

  #listOf(field: string): readonly unknown[] {
    const value = this.#value[field];
    if (isNothing(value)) return [];
    if (!Array.isArray(value)) throw new FormatError(`${this.placeOf(field)} must be a list`);
    return value;
  }
}

/** The value is shown only where it cannot be a secret: a token of digits alone is one, too. */
function notText(place: string, value: unknown): FormatError {
  const advice = `: put quotes around ${typeof value === 'boolean' ? quote(String(value)) : 'it'}`;
  return new FormatError(`${place} must be a string${typeof value === 'object' ? '' : advice}`);
}
