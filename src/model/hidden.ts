const HIDDEN = '***';

/** A value that shows itself only to those that ask for it by name: logs, JSON, errors and crash reports get `***`. */
export abstract class Hidden {
  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return HIDDEN;
  }
}
