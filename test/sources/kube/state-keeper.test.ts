import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ServiceObject } from '../../../src/resources/service-object.ts';
import { NO_GATEWAYS } from '../../../src/sources/kube/gateway-keeper.ts';
import { NO_INGRESSES } from '../../../src/sources/kube/ingress-keeper.ts';
import type { Origin } from '../../../src/sources/kube/origin.ts';
import { decodeState, encodeState } from '../../../src/sources/kube/state-format.ts';
import { StateKeeper } from '../../../src/sources/kube/state-keeper.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { service } from '../../support/services.ts';
import { INFO, type LogLine, RecordingStore, recordingLogger, until } from './harness.ts';

const ORIGIN: Origin = { server: 'https://10.96.0.1:443', authorities: ['aa'], namespaces: [], selector: '' };
const ERROR = 50;

let versions = 0;

/** As the API gives it: with a version of its own. */
function versioned(name: string, fields?: Parameters<typeof service>[1]): ServiceObject {
  const { metadata, spec } = service(name, fields);
  versions += 1;
  return { metadata: { ...metadata, uid: `uid-${name}`, resourceVersion: `${versions}` }, spec };
}

class Fixture {
  readonly clock = new FakeClock();
  readonly store = new RecordingStore();
  readonly folder: string;
  readonly path: string;
  readonly log: LogLine[];
  readonly keeper: StateKeeper;
  isCurrent = true;
  /** Those that others name. */
  referred: readonly ServiceObject[] = [];

  private constructor(folder: string, path: string, origin: Origin) {
    const { logger, lines } = recordingLogger();
    this.folder = folder;
    this.path = path;
    this.log = lines;
    this.keeper = new StateKeeper({
      path,
      store: this.store,
      referred: () => this.referred,
      origin: async () => origin,
      isCurrent: () => this.isCurrent,
      logger,
      clock: this.clock,
    });
  }

  /** @param path in a folder of its own, or of another fixture's */
  static async create({
    path = 'state',
    folder,
    origin = ORIGIN,
  }: {
    path?: string;
    folder?: string;
    origin?: Origin;
  } = {}) {
    const own = folder ?? (await mkdtemp(join(tmpdir(), 'ke-state-')));
    return new Fixture(own, join(own, path), origin);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.keeper.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The names in the file; undefined while the file cannot be used. */
  get saved(): string | undefined {
    if (!lstatSync(this.path, { throwIfNoEntry: false })?.isFile()) return undefined;
    try {
      const { services } = decodeState(readFileSync(this.path), ORIGIN);
      return services
        .map(({ metadata }) => metadata.name)
        .sort()
        .join(' ');
    } catch {
      return undefined;
    }
  }

  /** Lets the time to gather changes pass. @param names what the file must hold then */
  async untilSaved(names: string): Promise<void> {
    await until(() => {
      // While a write is under way none is due: to turn the clock on would have the file confirmed before it is there.
      if (this.saved !== names && this.clock.pending === 2) this.clock.advance(1_000);
      return this.saved === names;
    });
    await this.untilIdle();
  }

  /** Nothing is to be done but to confirm the file. */
  untilIdle(): Promise<void> {
    return until(() => this.clock.pending === 1);
  }

  get story(): string[] {
    return this.log.filter(({ level }) => level >= INFO).map(({ msg }) => msg);
  }
}

async function stateOf(names: readonly string[], origin = ORIGIN): Promise<Buffer> {
  const services = names.map(name => versioned(name));
  return Buffer.concat(await encodeState(origin, { services, ...NO_INGRESSES, ...NO_GATEWAYS }, async () => {}));
}

describe('the state file', () => {
  it('holds the Services that matter a second after they changed, and the next second what changed since', async () => {
    await using fixture = await Fixture.create();
    const { keeper, clock, store } = fixture;
    keeper.replace([versioned('a'), versioned('b'), versioned('plain', { annotations: {} })]);
    assert.equal(store.names, 'a b plain');
    clock.advance(999);
    assert.equal(existsSync(fixture.path), false);
    await fixture.untilSaved('a b');
    keeper.remove({ namespace: 'default', name: 'a' });
    keeper.upsert(versioned('c'));
    await fixture.untilSaved('b c');
    keeper.upsert(versioned('c', { annotations: {} }));
    await fixture.untilSaved('b');
    assert.deepEqual(fixture.story, []);
  });

  it('holds the Services that others name, though they ask for nothing themselves', async () => {
    await using fixture = await Fixture.create();
    const { keeper } = fixture;
    const pages = versioned('pages', { annotations: {} });
    fixture.referred = [pages];
    keeper.replace([versioned('a'), pages, versioned('plain', { annotations: {} })]);
    await fixture.untilSaved('a pages');
    keeper.upsert(versioned('plain', { annotations: {} }));
    await fixture.untilIdle();
    fixture.referred = [];
    keeper.upsert(versioned('a'));
    await fixture.untilSaved('a');
  });

  it('is its owner’s alone, and nothing is left beside it', async () => {
    await using fixture = await Fixture.create();
    writeFileSync(`${fixture.path}.new`, 'left by a process that was killed', { mode: 0o666 });
    fixture.keeper.replace([versioned('a')]);
    await fixture.untilSaved('a');
    assert.equal(statSync(fixture.path).mode & 0o777, 0o600);
    assert.equal(existsSync(`${fixture.path}.new`), false);
  });

  it('is not written again for what changes nothing that matters', async () => {
    await using fixture = await Fixture.create();
    const { keeper, clock } = fixture;
    const services = [versioned('a'), versioned('b')];
    keeper.replace(services);
    await fixture.untilSaved('a b');
    const { ino } = statSync(fixture.path);
    keeper.replace([...services].reverse());
    keeper.upsert(versioned('plain', { annotations: {} }));
    keeper.remove({ namespace: 'default', name: 'plain' });
    assert.equal(clock.pending, 1, 'nothing but the stamp is to be done');
    clock.advance(5_000);
    assert.equal(statSync(fixture.path).ino, ino);
  });

  it('says until when it was known to be true, which an outage does not move on', async () => {
    await using fixture = await Fixture.create();
    const { keeper, clock } = fixture;
    keeper.replace([versioned('a')]);
    await fixture.untilSaved('a');
    for (let stamp = 0; stamp < 4; stamp += 1) {
      clock.advance(15_000);
      await fixture.untilIdle();
    }
    const confirmed = clock.now();
    await until(() => statSync(fixture.path).mtimeMs >= confirmed - 15_000);
    fixture.isCurrent = false;
    clock.advance(60_000);
    await keeper.stop();
    assert.ok(statSync(fixture.path).mtimeMs <= confirmed);
  });

  it('is complete after an end in order, however soon it comes', async () => {
    await using fixture = await Fixture.create();
    fixture.keeper.replace([versioned('a')]);
    await fixture.keeper.stop();
    assert.equal(fixture.saved, 'a');
    assert.equal(fixture.clock.pending, 0);
  });

  it('that somebody removed is written again', async () => {
    await using fixture = await Fixture.create();
    fixture.keeper.replace([versioned('a')]);
    await fixture.untilSaved('a');
    rmSync(fixture.path);
    fixture.clock.advance(15_000);
    await until(() => fixture.clock.pending === 2);
    assert.equal(fixture.saved, undefined);
    await fixture.untilSaved('a');
  });

  it('that cannot be written is told of once, and written when it can be', async () => {
    await using fixture = await Fixture.create({ path: 'absent/state' });
    const { keeper, clock } = fixture;
    keeper.replace([versioned('a')]);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      clock.advance(10_000);
      await until(() => clock.pending === 2);
    }
    assert.equal(fixture.story.length, 1);
    assert.match(
      fixture.story[0] ?? '',
      /absent\/state cannot be written: the folder .*\/absent does not exist\..*--state-file/,
    );
    assert.equal(fixture.log.find(({ level }) => level === ERROR)?.code, 'ENOENT');
    mkdirSync(join(fixture.folder, 'absent'));
    await fixture.untilSaved('a');
    // The file is there before its writer knows.
    await until(() => fixture.story.length > 1);
    assert.equal(fixture.story[1], 'back: the state file is written again');
    assert.equal(fixture.story.length, 2);
  });
});

describe('a restart', () => {
  it('puts the Services of the file into the store, stale, until the API server names its own', async () => {
    await using first = await Fixture.create();
    first.keeper.replace([versioned('kept'), versioned('deleted')]);
    await first.keeper.stop();
    const since = Date.UTC(2025, 11, 31) / 1000;
    utimesSync(first.path, since, since);

    await using second = await Fixture.create({ folder: first.folder });
    assert.equal(await second.keeper.restore(), true);
    assert.equal(second.store.names, 'deleted kept');
    assert.equal(second.keeper.staleSince, since * 1000);
    assert.match(second.story[0] ?? '', /^stale: the Services of the state file are served until/);
    second.keeper.replace([versioned('kept')]);
    assert.equal(second.keeper.staleSince, undefined);
    assert.deepEqual(second.store.calls, ['replace deleted kept', 'replace kept']);
    assert.match(second.story[1] ?? '', /^fresh: /);
    await second.untilSaved('kept');
  });

  it('that ends before the API server was reached leaves the file and its time as they were', async () => {
    await using first = await Fixture.create();
    first.keeper.replace([versioned('a')]);
    await first.keeper.stop();
    const { mtimeMs, ino } = statSync(first.path);
    await using second = await Fixture.create({ folder: first.folder });
    await second.keeper.restore();
    second.clock.advance(60_000);
    await second.keeper.stop();
    const after = statSync(first.path);
    assert.deepEqual([after.mtimeMs, after.ino], [mtimeMs, ino]);
  });

  it('never finds a time that is yet to come', async () => {
    await using fixture = await Fixture.create();
    writeFileSync(fixture.path, await stateOf(['a']), { mode: 0o600 });
    await fixture.keeper.restore();
    assert.equal(fixture.keeper.staleSince, fixture.clock.now());
  });

  it('without a file is a first start, of which there is nothing to say', async () => {
    await using fixture = await Fixture.create();
    assert.equal(await fixture.keeper.restore(), false);
    assert.deepEqual([fixture.story, fixture.store.calls], [[], []]);
  });

  const hostile: Readonly<Record<string, [make: (path: string) => Promise<void> | void, words: RegExp]>> = {
    'cut short': [
      async path => writeFileSync(path, (await stateOf(['a', 'b'])).subarray(0, -1), { mode: 0o600 }),
      /damaged or cut short/,
    ],
    'of another program': [path => writeFileSync(path, 'apiVersion: v1\n', { mode: 0o600 }), /is no state file/],
    'of another cluster': [
      async path => writeFileSync(path, await stateOf(['a'], { ...ORIGIN, server: 'https://x' }), { mode: 0o600 }),
      /was read from the API server https:\/\/x/,
    ],
    'writable by the group': [
      async path => {
        writeFileSync(path, await stateOf(['a']));
        chmodSync(path, 0o660);
      },
      /may be written by others than its owner \(mode 0660, not 0600\)/,
    ],
    'writable by everybody': [
      async path => {
        writeFileSync(path, await stateOf(['a']));
        chmodSync(path, 0o602);
      },
      /may be written by others/,
    ],
    'too large': [
      path => {
        writeFileSync(path, '', { mode: 0o600 });
        // Sparse: it takes no room.
        truncateSync(path, 64 * 1024 * 1024 + 1);
      },
      /has 67108865 bytes, more than 67108864/,
    ],
    'a symbolic link': [
      async path => {
        writeFileSync(`${path}.target`, await stateOf(['a']), { mode: 0o600 });
        symlinkSync(`${path}.target`, path);
      },
      /is a symbolic link/,
    ],
    'a pipe that nobody writes to': [
      path => {
        execFileSync('mkfifo', [path]);
      },
      /is not a regular file/,
    ],
  };
  for (const [what, [make, words]] of Object.entries(hostile)) {
    it(`does not use a file that is ${what}, says so, and replaces it by the next good state`, async () => {
      await using fixture = await Fixture.create();
      await make(fixture.path);
      assert.equal(await fixture.keeper.restore(), false);
      assert.deepEqual(fixture.store.calls, []);
      assert.equal(fixture.keeper.staleSince, undefined);
      const [line, ...others] = fixture.log;
      assert.deepEqual(others, []);
      assert.ok(line !== undefined);
      assert.deepEqual([line.level, line.code], [ERROR, 'STATE_FILE_REFUSED']);
      assert.match(line.msg, words);
      assert.ok(line.msg.startsWith(`state file ${fixture.path} `), line.msg);
      fixture.keeper.replace([versioned('good')]);
      await fixture.untilSaved('good');
      assert.equal(statSync(fixture.path).mode & 0o777, 0o600);
    });
  }

  it('does not use a directory, nor removes it', async () => {
    await using fixture = await Fixture.create();
    mkdirSync(fixture.path);
    assert.equal(await fixture.keeper.restore(), false);
    fixture.keeper.replace([versioned('a')]);
    await fixture.keeper.stop();
    assert.ok(statSync(fixture.path).isDirectory());
    assert.match(fixture.story.at(-1) ?? '', /cannot be written: it is a folder/);
  });

  it('does not use a file when it cannot tell which cluster it would be for', async () => {
    await using first = await Fixture.create();
    first.keeper.replace([versioned('a')]);
    await first.keeper.stop();
    const { logger, lines } = recordingLogger();
    const keeper = new StateKeeper({
      path: first.path,
      store: first.store,
      origin: async () => Promise.reject(new Error('no kubeconfig')),
      isCurrent: () => false,
      logger,
      clock: first.clock,
    });
    assert.equal(await keeper.restore(), false);
    assert.match(lines[0]?.msg ?? '', /no kubeconfig\. It is not used/);
    await keeper.stop();
  });
});
