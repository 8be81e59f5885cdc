import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { QuietLog } from '../../src/observe/quiet-log.ts';

class Fixture {
  readonly #written: Record<string, unknown>[] = [];
  #ends: (() => void)[] = [];
  readonly log = new QuietLog(
    pino({ base: null, timestamp: false }, { write: (line: string) => void this.#written.push(JSON.parse(line)) }),
    callback => void this.#ends.push(callback),
  );

  /** What was logged since the last look. */
  get lines(): unknown[] {
    return this.#written.splice(0).map(({ level: _, ...line }) => line);
  }

  passSecond(): void {
    const ends = this.#ends;
    this.#ends = [];
    for (const end of ends) end();
  }

  get waits(): number {
    return this.#ends.length;
  }

  table(version: number, ...services: readonly string[]): void {
    this.log.table({ version, changed: services.length, removed: 1, services });
  }
}

const TABLE = 'a new route table';

describe('the log of what becomes of Services', () => {
  it('names them while they are few', () => {
    const fixture = new Fixture();
    fixture.table(1, 'default/a', 'default/b');
    assert.deepEqual(fixture.lines, [
      { version: 1, changed: 2, removed: 1, services: ['default/a', 'default/b'], msg: TABLE },
    ]);
    fixture.passSecond();
    assert.deepEqual(fixture.lines, []);
    assert.equal(fixture.waits, 0);
    fixture.table(2, 'default/c');
    assert.equal(fixture.lines.length, 1, 'at once again');
  });

  it('is one line a second while tables follow each other', () => {
    const fixture = new Fixture();
    for (let version = 1; version <= 4; version += 1) fixture.table(version, `default/${version}`);
    assert.equal(fixture.lines.length, 1);
    fixture.passSecond();
    assert.deepEqual(fixture.lines, [
      { version: 4, changed: 3, removed: 3, services: ['default/2', 'default/3', 'default/4'], msg: TABLE },
    ]);
    fixture.table(5, 'default/5');
    assert.deepEqual(fixture.lines, [], 'not twice in a second');
    fixture.passSecond();
    assert.equal(fixture.lines.length, 1);
  });

  it('counts them when they are many', () => {
    const fixture = new Fixture();
    fixture.table(1, ...Array.from({ length: 11 }, (_, index) => `default/${index}`));
    assert.deepEqual(fixture.lines, [{ version: 1, changed: 11, removed: 1, msg: TABLE }]);
  });

  it('shows the first ten problems of a second, and how many more there were of each kind', () => {
    const fixture = new Fixture();
    for (let index = 0; index < 500; index += 1) {
      fixture.log.line('warn', { service: `default/${index}` }, 'a Service is refused');
    }
    fixture.log.line('warn', { service: 'default/x' }, 'a Service is in conflict');
    assert.equal(fixture.lines.length, 10);
    fixture.passSecond();
    assert.deepEqual(fixture.lines, [
      { msg: 'a Service is refused: 490 more in one second; kube-entry routes lists them all' },
      { msg: 'a Service is in conflict: 1 more in one second; kube-entry routes lists them all' },
    ]);
    fixture.passSecond();
    assert.equal(fixture.waits, 0);
  });
});
