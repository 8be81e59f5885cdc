import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServiceEvent } from '../../../src/sources/kube/event-object.ts';
import { Fixture, refusal } from './events-fixture.ts';
import { until } from './harness.ts';

describe('Events on an Ingress', () => {
  it('name its kind, and have a budget of their own beside those on a Service of its name', async () => {
    await using fixture = await Fixture.create();
    const ingress = { ...refusal.service, kind: 'Ingress' as const, uid: 'uid-2' };
    await fixture.say({
      ...refusal,
      service: ingress,
      type: 'Normal',
      reason: 'Sync',
      message: 'served at a.example/',
    });
    const [event] = fixture.api.events;
    assert.deepEqual(event?.involvedObject, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      namespace: 'shop',
      name: 'cart',
      uid: 'uid-2',
      resourceVersion: '17',
    });
    for (let count = 0; count < 10; count += 1) fixture.recorder.record({ ...refusal, message: `${count}` });
    fixture.recorder.record({ ...refusal, service: ingress, message: 'not crowded out' });
    await fixture.untilIdle();
    assert.equal(fixture.recorder.statistics.leftOut, 0);
    assert.equal(fixture.api.events.length, 12);
  });
});

describe('Events on a Service', () => {
  it('say what happened to which version of it, and which replica says so', async () => {
    await using fixture = await Fixture.create();
    fixture.recorder.record(refusal);
    await until(() => fixture.api.events.length === 1);
    const [event] = fixture.api.events;
    assert.match(event?.metadata.name ?? '', /^cart\.[0-9a-f]{16}$/);
    assert.deepEqual(
      { ...event, metadata: { namespace: event?.metadata.namespace } },
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { namespace: 'shop' },
        involvedObject: {
          apiVersion: 'v1',
          kind: 'Service',
          namespace: 'shop',
          name: 'cart',
          uid: 'uid-1',
          resourceVersion: '17',
        },
        type: 'Warning',
        reason: 'UnknownPort',
        message: 'the Service has no TCP port "web"',
        source: { component: 'kube-entry', host: 'entry-1' },
        reportingComponent: 'kube-entry.io/kube-entry',
        reportingInstance: 'entry-1',
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:00:00Z',
        count: 1,
      },
    );
  });

  it('are one where two replicas say the same', async () => {
    await using first = await Fixture.create();
    await using second = await Fixture.create(first.api, 'entry-2');
    first.recorder.record(refusal);
    await until(() => first.api.events.length === 1);
    second.recorder.record(refusal);
    await second.untilIdle();
    assert.equal(first.api.requests.length, 3);
    second.recorder.record({ ...refusal, message: 'another' });
    await second.untilReceived(4);
    await until(() => first.api.events.length === 2);
    assert.deepEqual(first.counts, [1, 1]);
    assert.deepEqual(second.story, []);
  });

  it('count what happened again, once for all replicas, and say when and to which version', async () => {
    await using first = await Fixture.create();
    await using second = await Fixture.create(first.api, 'entry-2');
    const again = { ...refusal, service: { ...refusal.service, resourceVersion: '19' } };
    await first.say(refusal);
    await second.say(refusal);
    first.clock.advance(60_000);
    second.clock.advance(60_000);
    await first.say(again);
    await second.say(again);
    const [event, ...others] = first.api.events;
    assert.deepEqual(others, []);
    assert.equal(event?.count, 2);
    assert.equal(event.firstTimestamp, '2026-01-01T00:00:00Z');
    assert.match(String(event.lastTimestamp), /^2026-01-01T00:01:/);
    assert.equal(Reflect.get(Object(event.involvedObject), 'resourceVersion'), '19');
    // One that was cut off meanwhile learns of the first only now.
    await second.say(refusal);
    assert.deepEqual(first.counts, [2]);
  });

  it('count a conflict again when it is the other Service that changed', async () => {
    await using fixture = await Fixture.create();
    const related = { namespace: 'shop', name: 'basket', uid: 'uid-2', resourceVersion: '3' };
    await fixture.say({ ...refusal, related });
    await fixture.say({ ...refusal, related });
    assert.deepEqual(fixture.counts, [1]);
    await fixture.say({ ...refusal, related: { ...related, resourceVersion: '21' } });
    await fixture.say({ ...refusal, related: { ...related, uid: 'uid-3', resourceVersion: '21' } });
    assert.deepEqual(fixture.counts, [3]);
    assert.equal(Reflect.get(Object(fixture.api.events[0]?.related), 'uid'), 'uid-3');
  });

  it('are counted right when two replicas get in each other’s way', async () => {
    await using first = await Fixture.create();
    await using second = await Fixture.create(first.api, 'entry-2');
    await first.say(refusal);
    const again = { ...refusal, service: { ...refusal.service, resourceVersion: '19' } };
    // Between the second's look at the Event and its change of it, the first changes it.
    let looks = 0;
    first.api.onRequest = ({ verb }) => {
      if (verb !== 'patch') return;
      looks += 1;
      if (looks === 1) first.recorder.record(again);
    };
    second.recorder.record(again);
    await until(() => {
      first.passPause();
      second.passPause();
      return looks >= 3;
    });
    await Promise.all([first.untilIdle(), second.untilIdle()]);
    assert.deepEqual(first.counts, [2]);
  });

  it('said again before they were posted are posted once, as the last word', async () => {
    await using fixture = await Fixture.create();
    fixture.api.fail('create', 'hang');
    fixture.recorder.record({ ...refusal, message: 'held up' });
    await until(() => fixture.api.requests.length === 1);
    for (const message of ['a', 'b', 'a']) fixture.recorder.record({ ...refusal, message });
    fixture.clock.advance(10_000);
    await fixture.untilIdle();
    assert.deepEqual(
      fixture.api.events.map(({ message }) => message),
      ['held up', 'b', 'a'],
    );
  });

  it('of a Service that changes all the time leave room for the others, and its newest are not lost', async () => {
    await using fixture = await Fixture.create();
    for (let index = 0; index < 10; index += 1) fixture.recorder.record({ ...refusal, message: `flap ${index}` });
    await fixture.untilIdle();
    for (let index = 10; index < 40; index += 1) fixture.recorder.record({ ...refusal, message: `flap ${index}` });
    fixture.recorder.record({ ...refusal, service: { namespace: 'shop', name: 'quiet' }, message: 'quiet' });
    const messages = () => fixture.api.events.map(({ message }) => message);
    await until(() => {
      fixture.passPause();
      return messages().includes('quiet');
    });
    assert.ok(messages().length < 15, `${messages()}`);
    await until(() => {
      fixture.passPause();
      return messages().includes('flap 39');
    });
    assert.ok(!messages().includes('flap 20'));
  });

  it('are cut where the message is too long for an Event', async () => {
    await using fixture = await Fixture.create();
    fixture.recorder.record({ ...refusal, message: 'x'.repeat(5_000) });
    await until(() => fixture.api.events.length === 1);
    assert.equal(String(fixture.api.events[0]?.message).length, 1_024);
  });

  it('are posted one after the other with pauses, not all at once', async () => {
    await using fixture = await Fixture.create();
    for (let index = 0; index < 5; index += 1) fixture.recorder.record({ ...refusal, message: `${index}` });
    await until(() => fixture.api.events.length === 1 && fixture.client.awaited === 0);
    assert.equal(fixture.clock.soonest, 100);
    fixture.clock.advance(99);
    await new Promise(setImmediate);
    assert.equal(fixture.api.requests.length, 1);
    await fixture.untilReceived(5);
  });

  it('that warn overtake good news that wait', async () => {
    await using fixture = await Fixture.create();
    fixture.api.fail('create', 'hang');
    const exposed = (name: string): ServiceEvent => ({
      ...refusal,
      type: 'Normal',
      reason: 'Exposed',
      service: { namespace: 'shop', name },
    });
    for (const name of ['a', 'b', 'c']) fixture.recorder.record(exposed(name));
    await until(() => fixture.api.requests.length === 1);
    fixture.recorder.record(refusal);
    fixture.clock.advance(10_000);
    await fixture.untilIdle();
    assert.deepEqual(
      fixture.api.events.map(({ reason, metadata: { name } }) => `${reason} ${name.slice(0, name.indexOf('.'))}`),
      ['UnknownPort cart', 'Exposed a', 'Exposed b', 'Exposed c'],
    );
    assert.deepEqual(fixture.recorder.statistics, { posted: 4, leftOut: 0 });
  });

  it('beyond a thousand waiting are left out, good news before bad news; the log says so, and how many', async () => {
    await using fixture = await Fixture.create();
    const normal: ServiceEvent = { ...refusal, type: 'Normal', reason: 'Exposed' };
    for (let index = 0; index < 600; index += 1) {
      fixture.recorder.record({ ...normal, service: { namespace: 'shop', name: `good-${index}` } });
    }
    for (let index = 0; index < 600; index += 1) {
      fixture.recorder.record({ ...refusal, service: { namespace: 'shop', name: `bad-${index}` } });
    }
    const deadline = performance.now() + 60_000;
    while (fixture.api.events.length < 1_000 && performance.now() < deadline) {
      fixture.passPause();
      await new Promise(setImmediate);
    }
    await fixture.untilIdle();
    const count = (type: string) => fixture.api.events.filter(event => event.type === type).length;
    assert.deepEqual([count('Normal'), count('Warning')], [400, 600]);
    assert.deepEqual(fixture.recorder.statistics, { posted: 1_000, leftOut: 200 });
    assert.deepEqual(fixture.story, [
      'Events are left out: more happens than can be posted. Warnings come first.',
      '200 Events were left out',
    ]);
  });
});

describe('Events that cannot be posted', () => {
  it('wait until the API server is back; the log says so once', async () => {
    await using fixture = await Fixture.create();
    fixture.api.fail('create', { status: 500 }, 3);
    fixture.recorder.record(refusal);
    await fixture.untilReceived(4);
    await until(() => fixture.api.events.length === 1);
    await until(() => fixture.story.length === 2);
    assert.match(fixture.story[0] ?? '', /^Events cannot be posted: .*500/);
    assert.match(fixture.story[1] ?? '', /^back: /);
  });

  it('for want of a right are dropped, later ones are tried once; the log names it once, and the end of it', async () => {
    await using fixture = await Fixture.create();
    fixture.api.fail('create', { status: 403 }, 5);
    fixture.recorder.record(refusal);
    fixture.recorder.record({ ...refusal, message: 'second' });
    await fixture.untilIdle();
    assert.equal(fixture.api.requests.length, 4);
    await fixture.say({ ...refusal, message: 'third' });
    assert.equal(fixture.api.requests.length, 5);
    await fixture.say({ ...refusal, message: 'fourth' });
    assert.deepEqual(
      fixture.api.events.map(({ message }) => message),
      ['fourth'],
    );
    assert.equal(fixture.story.length, 2);
    assert.match(fixture.story[0] ?? '', /may not create events in namespace "shop"/);
    assert.match(fixture.story[1] ?? '', /^back: Events in namespace "shop"/);
  });

  it('in one namespace do not hold up those of another', async () => {
    await using fixture = await Fixture.create();
    fixture.api.fail('create', { status: 403 });
    for (const message of ['a', 'b', 'c']) fixture.recorder.record({ ...refusal, message });
    fixture.recorder.record({ ...refusal, service: { namespace: 'office', name: 'printer' } });
    await fixture.untilIdle();
    assert.deepEqual(
      fixture.api.events.map(({ metadata, message }) => `${metadata.namespace} ${message}`),
      [`office ${refusal.message}`, 'shop a', 'shop b', 'shop c'],
    );
  });

  it('again for want of the right to change Events are there all the same; the log names it once', async () => {
    await using fixture = await Fixture.create();
    fixture.api.fail('patch', { status: 403 }, 2);
    const versions = ['17', '18', '19'].map(resourceVersion => ({ ...refusal.service, resourceVersion }));
    for (const service of versions) await fixture.say({ ...refusal, service });
    assert.deepEqual(fixture.counts, [1]);
    assert.equal(fixture.story.length, 1);
    assert.match(fixture.story[0] ?? '', /cannot be counted: .*may not patch events in namespace "shop"/);
    await fixture.say({ ...refusal, message: 'another' });
    assert.equal(fixture.api.events.length, 2);
  });

  it('refused by an API server that has not read its roles yet are posted again', async () => {
    await using fixture = await Fixture.create();
    fixture.api.fail('create', { status: 403 }, 3);
    fixture.recorder.record(refusal);
    await fixture.untilReceived(4);
    await until(() => fixture.api.events.length === 1);
    assert.equal(fixture.api.events[0]?.message, refusal.message);
  });

  it('because the API server found fault with them do not hold up the others', async () => {
    await using fixture = await Fixture.create();
    fixture.api.fail('create', { status: 422 });
    fixture.recorder.record(refusal);
    fixture.recorder.record({ ...refusal, message: 'second' });
    await fixture.untilReceived(2);
    await until(() => fixture.api.events.length === 1);
    assert.equal(fixture.api.events[0]?.message, 'second');
  });

  it('never throw at the caller, nor after the end', async () => {
    await using fixture = await Fixture.create();
    fixture.api.down();
    fixture.recorder.record(refusal);
    await until(() => fixture.story.length === 1);
    await fixture.recorder.stop();
    fixture.recorder.record({ ...refusal, message: 'late' });
    assert.equal(fixture.clock.pending, 0);
  });
});
