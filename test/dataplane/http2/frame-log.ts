/** Reads frames, and writes down what they are handed on as. */
import type { FrameHandler } from '../../../src/dataplane/http2/frame-handler.ts';
import { FrameReader } from '../../../src/dataplane/http2/frame-reader.ts';
import { Http2Error } from '../../../src/dataplane/http2/frames.ts';
import type { PeerSettings } from '../../../src/dataplane/http2/settings.ts';
import { ClientMemory } from '../../../src/dataplane/transport/client-memory.ts';
import { Stashes } from '../../../src/dataplane/transport/stash.ts';

/** One line for each call; the pieces of data that follow each other are joined. */
export class FrameLog implements FrameHandler {
  readonly lines: string[] = [];
  readonly memory = new ClientMemory(Infinity, () => 0);
  readonly reader: FrameReader;
  /** Data of the stream that came last. */
  #data = '';
  #dataStream = 0;

  constructor(expectsPreface = false) {
    this.reader = new FrameReader(this, new Stashes(this.memory), expectsPreface);
  }

  /** Reads pieces until one of them is wrong. @returns the lines so far */
  read(pieces: Iterable<Buffer>): string[] {
    try {
      for (const piece of pieces) {
        // Its memory is used again for the next read.
        const shared = Buffer.concat([piece, Buffer.from('beyond')]);
        this.reader.read(shared, piece.length);
        shared.fill(0xff);
      }
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#note(error.message);
    }
    this.#endData();
    return this.lines;
  }

  frameBegins(type: number, streamId: number, size: number): void {
    if (type === 0) this.#note(`DATA of ${streamId}: ${size} bytes`);
  }

  data(streamId: number, bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    if (streamId !== this.#dataStream) this.#endData();
    this.#dataStream = streamId;
    this.#data += bytes.toString('latin1', start, end);
    if (endsStream) this.#note(`end of ${streamId}`);
  }

  headers(streamId: number, bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    this.#note(`headers of ${streamId}: ${bytes.toString('latin1', start, end)}${endsStream ? ' at its end' : ''}`);
  }

  streamReset(streamId: number, code: number): void {
    this.#note(`reset of ${streamId}: ${code}`);
  }

  settingsChanged(settings: PeerSettings): void {
    this.#note(`settings: ${Object.values(settings).join(' ')}`);
  }

  settingsAcknowledged(): void {
    this.#note('settings acknowledged');
  }

  ping(bytes: Buffer, at: number): void {
    this.#note(`ping ${bytes.toString('latin1', at, at + 8)}`);
  }

  pingAcknowledged(bytes: Buffer, at: number): void {
    this.#note(`ping acknowledged ${bytes.toString('latin1', at, at + 8)}`);
  }

  goaway(lastStreamId: number, code: number): void {
    this.#note(`goaway ${lastStreamId} ${code}`);
  }

  windowUpdate(streamId: number, increment: number): void {
    this.#note(`window of ${streamId}: ${increment}`);
  }

  priorityUpdate(streamId: number, value: string): void {
    this.#note(`priority of ${streamId}: ${value}`);
  }

  streamFailed(streamId: number, code: number, reason: string): void {
    this.#note(`failure of ${streamId}: ${code} ${reason}`);
  }

  #note(line: string): void {
    this.#endData();
    this.lines.push(line);
  }

  #endData(): void {
    if (this.#data !== '') this.lines.push(`data of ${this.#dataStream}: ${this.#data}`);
    this.#data = '';
  }
}
