/** Sinks of the access log, and a named pipe for them to write to. */
import { execFileSync } from 'node:child_process';
import fs, { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { LineSink } from '../../../src/dataplane/log/line-sink.ts';
import { WriteTurn } from '../../../src/dataplane/log/write-turn.ts';
import { codeOf } from '../../../src/errors.ts';
import { atEnd } from '../../support/cleanup.ts';

export async function scratchDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ke-log-'));
  atEnd(context, () => rm(directory, { recursive: true, force: true }));
  return directory;
}

export function writeLine(sink: LineSink, line: string): void {
  sink.reserve(line.length);
  sink.add(sink.end + sink.bytes.write(line, sink.end, 'latin1'));
}

/** A sink that ends with the test, and what it reports. @param turn by default no other sink writes to the file */
export function sinkTo(context: TestContext, path: string, turn = new WriteTurn(WriteTurn.shared(), 1)) {
  const errors: (string | undefined)[] = [];
  const heard = { dropped: 0, said: 0, errors };
  const sink = new LineSink(path, turn, {
    onDrop: lines => {
      heard.dropped += lines;
    },
    onResume: lost => {
      heard.said += lost;
    },
    onError: error => errors.push(codeOf(error)),
  });
  atEnd(context, () => sink.flush());
  return { sink, heard };
}

interface NamedPipe {
  readonly path: string;
  /** @returns what the pipe holds */
  readonly read: () => string;
  /** Writes empty lines until the pipe takes no more. */
  readonly fill: () => void;
  /** Closes the pipe's only reader for the time that something else takes. */
  readonly whileAbsent: (meanwhile: () => Promise<unknown>) => Promise<void>;
}

/** A named pipe with this process as its reader, which reads only when it is told to. */
export async function namedPipe(context: TestContext): Promise<NamedPipe> {
  const path = join(await scratchDirectory(context), 'pipe');
  execFileSync('mkfifo', [path]);
  let reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  atEnd(context, () => closeSync(reader));
  const buffer = Buffer.alloc(64 * 1024);
  const whileAbsent = async (meanwhile: () => Promise<unknown>): Promise<void> => {
    closeSync(reader);
    await meanwhile();
    reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  };
  const read = (): string => {
    try {
      return buffer.toString('latin1', 0, readSync(reader, buffer));
    } catch (error) {
      if (codeOf(error) === 'EAGAIN') return '';
      throw error;
    }
  };
  const fill = (): void => {
    const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      for (;;) writeSync(writer, '\n'.repeat(1024));
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
    } finally {
      closeSync(writer);
    }
  };
  return { path, read, fill, whileAbsent };
}

/** Does every write in the next turn of the event loop, since the threads that do it otherwise may be stalled for long. */
export function writePromptly(context: TestContext): void {
  context.mock.method(fs, 'write', (fd: number, bytes: Buffer, done: (error: null, count: number) => void) => {
    setImmediate(() => done(null, writeSync(fd, bytes)));
  });
  syncBuiltinESMExports();
  context.after(() => {
    context.mock.restoreAll();
    syncBuiltinESMExports();
  });
}
