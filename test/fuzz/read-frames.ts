import type { FrameHandler } from '../../src/dataplane/http2/frame-handler.ts';
import { FrameReader } from '../../src/dataplane/http2/frame-reader.ts';
import { Http2Error } from '../../src/dataplane/http2/frames.ts';
import type { PeerSettings } from '../../src/dataplane/http2/settings.ts';
import { ClientMemory } from '../../src/dataplane/transport/client-memory.ts';
import { Stashes } from '../../src/dataplane/transport/stash.ts';
import { pieces, type Stream } from './stream.ts';

const memory = new ClientMemory(Infinity, () => 0);
const stashes = new Stashes(memory);

/** What frames are handed on as, in the words of the oracle (../assets/http2/oracle). */
export class FrameNotes implements FrameHandler {
  readonly lines: string[] = [];
  /** The message of the error that ended the connection. */
  error = '';
  /** The data of the DATA frame that came last. */
  #data = '';

  /** Reads frames; no memory stays taken. */
  static of(stream: Stream): FrameNotes {
    const notes = new FrameNotes();
    const reader = new FrameReader(notes, stashes, false);
    try {
      for (const piece of pieces(stream)) {
        // The bytes are another read's afterwards.
        const shared = Buffer.concat([piece, Buffer.from([0, 0, 0])]);
        reader.read(shared, piece.length);
        shared.fill(0xee);
      }
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      notes.error = error.message;
      notes.lines.push(`error ${error.code}`);
    }
    reader.stop();
    if (memory.kept !== 0) throw new Error(`${memory.kept} bytes are still taken`);
    return notes;
  }

  frameBegins(type: number, streamId: number): void {
    if (type !== 0) return;
    this.#data = '';
    this.#noteData(streamId, false, this.lines.length);
  }

  data(streamId: number, bytes: Buffer, start: number, end: number, ends: boolean): void {
    this.#data += bytes.toString('hex', start, end);
    this.#noteData(streamId, ends, this.lines.length - 1);
  }

  headers(streamId: number, bytes: Buffer, start: number, end: number, ends: boolean): void {
    this.lines.push(`headers ${streamId} ${bytes.toString('hex', start, end)} ${ends}`);
  }

  streamReset(streamId: number, code: number): void {
    this.lines.push(`reset ${streamId} ${code}`);
  }

  settingsChanged(_settings: PeerSettings): void {
    this.lines.push('settings');
  }

  settingsAcknowledged(): void {
    this.lines.push('settings acknowledged');
  }

  ping(bytes: Buffer, at: number): void {
    this.lines.push(`ping ${bytes.toString('hex', at, at + 8)} false`);
  }

  pingAcknowledged(bytes: Buffer, at: number): void {
    this.lines.push(`ping ${bytes.toString('hex', at, at + 8)} true`);
  }

  goaway(lastStreamId: number, code: number): void {
    this.lines.push(`goaway ${lastStreamId} ${code}`);
  }

  windowUpdate(streamId: number, increment: number): void {
    this.lines.push(`window ${streamId} ${increment}`);
  }

  priorityUpdate(): void {}

  streamFailed(streamId: number, code: number, _reason: string): void {
    this.lines.push(`stream ${streamId} error ${code}`);
  }

  #noteData(streamId: number, ends: boolean, line: number): void {
    this.lines[line] = `data ${streamId} ${this.#data} ${ends}`;
  }
}
