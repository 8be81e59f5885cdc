import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HashQuestion } from '../../../src/dataplane/passwords/hash-thread.ts';
import {
  type HashThreadEvents,
  type PasswordCheck,
  PasswordVerifier,
} from '../../../src/dataplane/passwords/password-verifier.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A verifier whose thread answers when the test says so. */
class Scene {
  readonly clock = new FakeClock();
  readonly threads: { readonly events: HashThreadEvents; readonly asked: HashQuestion[]; hasEnded: boolean }[] = [];
  readonly verdicts: string[] = [];
  readonly verifier = new PasswordVerifier(this.clock, events => {
    const thread = { events, asked: [] as HashQuestion[], hasEnded: false };
    this.threads.push(thread);
    return {
      ask: question => thread.asked.push(question),
      end: () => {
        thread.hasEnded = true;
      },
    };
  });

  check(password: string, fields: Partial<PasswordCheck> = {}): (() => void) | string {
    const check = { user: 'ann', hash: 'of ann', owner: 'default/users', client: '192.0.2.1', password, ...fields };
    return this.verifier.verify(check, this.verifier.digestOf(check), verdict => {
      this.verdicts.push(`${password} ${verdict}`);
    });
  }

  knows(password: string, hash = 'of ann'): boolean {
    return this.verifier.isKnown(this.verifier.digestOf({ user: 'ann', hash, password }));
  }

  /** The questions of all threads. */
  get asked(): string[] {
    return this.threads.flatMap(({ asked }) => asked.map(({ password }) => password));
  }

  answer(isRight: boolean): void {
    this.threads.at(-1)?.events.answered(isRight);
  }
}

test('there is no thread before the first check, and one answers them all', () => {
  const scene = new Scene();
  assert.equal(scene.threads.length, 0);
  scene.check('one');
  scene.check('two');
  assert.deepEqual(scene.asked, ['one']);
  scene.answer(false);
  assert.deepEqual(scene.asked, ['one', 'two']);
  scene.answer(true);
  assert.deepEqual(scene.verdicts, ['one wrong', 'two right']);
  assert.equal(scene.threads.length, 1);
});

test('a right password is known for ten minutes, with the same hash, and a wrong one is not', () => {
  const scene = new Scene();
  scene.check('right');
  scene.answer(true);
  scene.check('wrong');
  scene.answer(false);
  assert.deepEqual([scene.knows('right'), scene.knows('wrong'), scene.knows('right', 'another')], [true, false, false]);
  scene.clock.advance(10 * 60_000);
  assert.equal(scene.knows('right'), false);
});

test('of many right passwords the oldest are forgotten', () => {
  const scene = new Scene();
  for (let index = 0; index <= 10_000; index += 1) {
    scene.check(`p${index}`);
    scene.answer(true);
  }
  assert.deepEqual([scene.knows('p0'), scene.knows('p1'), scene.knows('p10000')], [false, true, true]);
});

test('requests with one password wait for one check', () => {
  const scene = new Scene();
  for (let index = 0; index < 100; index += 1) scene.check('same');
  assert.deepEqual(scene.asked, ['same']);
  scene.answer(true);
  assert.equal(scene.verdicts.filter(verdict => verdict === 'same right').length, 100);
});

test('one who guesses passwords holds up another client by one check, and has no more than eight in the queue', () => {
  const scene = new Scene();
  const refused = Array.from({ length: 1_000 }, (_, index) => scene.check(`guess ${index}`)).filter(
    cancel => cancel === 'crowded',
  );
  assert.equal(refused.length, 1_000 - 9);
  scene.check('honest', { client: '192.0.2.2' });
  scene.answer(false);
  scene.answer(false);
  assert.deepEqual(scene.asked, ['guess 0', 'guess 1', 'honest']);
});

test('many who guess passwords of one Secret do not take the places of the others', () => {
  const scene = new Scene();
  const refused = Array.from({ length: 1_000 }, (_, index) =>
    scene.check(`guess ${index}`, { client: `192.0.2.${index}` }),
  ).filter(cancel => cancel === 'unavailable');
  assert.equal(refused.length, 1_000 - 65);
  assert.equal(typeof scene.check('honest', { owner: 'default/others' }), 'function');
  scene.answer(false);
  scene.answer(false);
  assert.equal(scene.asked.at(-1), 'honest');
});

test('what nothing waits for any more is not checked', () => {
  const scene = new Scene();
  scene.check('first');
  const cancel = scene.check('second');
  scene.check('third');
  assert.ok(typeof cancel === 'function');
  cancel();
  scene.answer(false);
  scene.answer(true);
  assert.deepEqual(scene.asked, ['first', 'third']);
  assert.deepEqual(scene.verdicts, ['first wrong', 'third right']);
});

test('a request waits for ten seconds, and the check that goes on is of use to the next one', () => {
  const scene = new Scene();
  scene.check('slow');
  scene.clock.advance(10_000);
  assert.deepEqual(scene.verdicts, ['slow unavailable']);
  scene.answer(true);
  assert.equal(scene.knows('slow'), true);
  assert.deepEqual(scene.verdicts, ['slow unavailable']);
});

test('a thread that ends, or does not come back, is replaced with the next check', () => {
  const scene = new Scene();
  scene.check('first');
  scene.check('second');
  scene.threads[0]?.events.failed();
  assert.deepEqual(scene.verdicts, ['first unavailable']);
  assert.deepEqual(
    scene.threads[1]?.asked.map(({ password }) => password),
    ['second'],
  );
  scene.clock.advance(30_000);
  assert.equal(scene.threads[1]?.hasEnded, true);
  assert.deepEqual(scene.verdicts, ['first unavailable', 'second unavailable']);
  scene.check('third');
  scene.answer(true);
  assert.equal(scene.threads.length, 3);
  assert.deepEqual(scene.verdicts.at(-1), 'third right');
});

test('the thread ends with the worker', () => {
  const scene = new Scene();
  scene.verifier.end();
  scene.check('one');
  scene.verifier.end();
  assert.equal(scene.threads[0]?.hasEnded, true);
});
