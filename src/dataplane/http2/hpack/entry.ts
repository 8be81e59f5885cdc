import type { FieldName } from './field-names.ts';

/** What each entry costs beside its name and its value (RFC 7541 section 4.1). */
export const ENTRY_OVERHEAD = 32;

/**
 * A header field, judged once: where a client repeats it, the table of its connection has the same object, and each further
 * request costs a look-up.
 */
export class HpackEntry {
  readonly field: FieldName;
  /** Latin1 text: one character for each byte. */
  readonly value: string;
  /** Name and value hold no byte that a message may not have (RFC 9113 section 8.2.1, and no control character). */
  readonly isValid: boolean;
  /** It must be marked so again where it is passed on (RFC 7541 section 7.1.3). */
  readonly isNeverIndexed: boolean;
  /** As HTTP/1.1 writes it. */
  readonly line: string;
  /** As it counts in tables and limits. */
  readonly size: number;

  constructor(field: FieldName, value: string, isValueValid: boolean, isNeverIndexed: boolean) {
    this.field = field;
    this.value = value;
    this.isValid = isValueValid && field.isValid;
    this.isNeverIndexed = isNeverIndexed;
    this.line = `${field.name}: ${value}\r\n`;
    this.size = field.name.length + value.length + ENTRY_OVERHEAD;
  }

  get name(): string {
    return this.field.name;
  }

  /** Of field-names.ts. */
  get kind(): number {
    return this.field.kind;
  }

  /** Of header-ids.ts. */
  get id(): number {
    return this.field.id;
  }
}
