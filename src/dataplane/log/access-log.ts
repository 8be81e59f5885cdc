import { formatLine } from './log-format.ts';
import type { RequestRecord } from './request-record.ts';

/** Where lines go. */
export interface LineSink {
  write(line: string): void;
}

export class AccessLog {
  readonly #sink: LineSink;
  format: 'off' | 'combined' | 'json';

  constructor(sink: LineSink, format: 'off' | 'combined' | 'json') {
    this.#sink = sink;
    this.format = format;
  }

  write(record: RequestRecord): void {
    if (this.format !== 'off') this.#sink.write(formatLine(record, this.format));
  }
}
