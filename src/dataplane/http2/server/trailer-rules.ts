import type { FailureReason } from '../../../failures/failures.ts';
import { OTHER } from '../../pipeline/header-ids.ts';
import type { FieldSink } from '../hpack/decoder.ts';
import type { HpackEntry } from '../hpack/entry.ts';
import { CONNECTION_SPECIFIC, PLAIN, PSEUDO_METHOD } from '../hpack/field-names.ts';

/**
 * What the trailers of a request must keep. A field that means something to a proxy has been judged in the head, and ends here
 * (RFC 9110 section 6.5.1): a backend may merge trailers into its headers.
 */
export class TrailerRules implements FieldSink {
  /** Those that go on, each with its line end. */
  lines = '';
  fault: FailureReason | undefined;

  begin(): void {
    this.lines = '';
    this.fault = undefined;
  }

  field(entry: HpackEntry): void {
    const { kind, name } = entry;
    if (!entry.isValid) this.fault ??= entry.field.isValid ? 'request_control_character' : 'request_header_malformed';
    else if (kind >= PSEUDO_METHOD) this.fault ??= 'request_pseudo_field';
    else if (kind === CONNECTION_SPECIFIC) this.fault ??= 'request_connection_field';
    else if (kind === PLAIN && entry.id === OTHER && !/^(?:content-|x-accel-)/.test(name)) this.lines += entry.line;
  }
}
