import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LoadGarbage } from '../../src/control/load-garbage.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { deltaOf, route } from '../support/routes.ts';

const LOOK_MS = 2_000;

function start() {
  const clock = new FakeClock();
  const collect = (): void => {
    scene.collected += 1;
  };
  const scene = { clock, collected: 0, garbage: new LoadGarbage(clock, collect) };
  return scene;
}

const changes = (count: number) =>
  deltaOf({ version: 1, upserts: Array.from({ length: count }, (_, index) => route(`/${index}`)), removals: [] });

describe('garbage of the main thread', () => {
  it('is collected once, when thousands of routes have come and nothing changes any more', () => {
    const scene = start();
    scene.garbage.note(changes(600));
    scene.garbage.note(changes(600));
    assert.equal(scene.collected, 0);
    scene.clock.advance(LOOK_MS);
    assert.equal(scene.collected, 1);
    scene.clock.advance(10 * LOOK_MS);
    assert.equal(scene.collected, 1);
    scene.garbage.note(changes(1_000));
    scene.clock.advance(LOOK_MS);
    assert.equal(scene.collected, 2);
  });

  it('is left to V8 while changes go on, and where they are few', () => {
    const scene = start();
    scene.garbage.note(changes(999));
    scene.clock.advance(10 * LOOK_MS);
    assert.equal(scene.collected, 0);
    for (let count = 0; count < 10; count += 1) {
      scene.garbage.note(changes(1));
      scene.clock.advance(LOOK_MS / 2);
    }
    assert.equal(scene.collected, 0);
    scene.clock.advance(2 * LOOK_MS);
    assert.equal(scene.collected, 1);
  });
});
