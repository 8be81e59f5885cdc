import { writeCombinedLine } from './combined-format.ts';
import { writeJsonLine } from './json-format.ts';
import type { LineBuffer } from './line-buffer.ts';
import type { LoggedHead, RequestRecord } from './request-record.ts';

/** What decides whether and how requests are logged: read anew for each, so that a change counts at once. */
export interface LogSettings {
  readonly settings: { readonly accessLog: 'off' | 'combined' | 'json' };
}

/** Writes a line for each finished request, unless the settings say that it is off. */
export class AccessLog {
  readonly #lines: LineBuffer;
  readonly #state: LogSettings;

  constructor(lines: LineBuffer, state: LogSettings) {
    this.#lines = lines;
    this.#state = state;
  }

  get isOn(): boolean {
    return this.#state.settings.accessLog !== 'off';
  }

  /** @param time milliseconds since the epoch, when the request was finished */
  write(record: RequestRecord, head: LoggedHead, time: number): void {
    switch (this.#state.settings.accessLog) {
      case 'combined':
        writeCombinedLine(this.#lines, record, head, time);
        break;
      case 'json':
        writeJsonLine(this.#lines, record, head, time);
        break;
      case 'off':
        break;
    }
  }
}
