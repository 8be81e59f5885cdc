import type { FailureReason } from '../../failures/failures.ts';
import { MAX_LINE_BYTES } from '../http1/limits.ts';

/**
 * llhttp says little about why it gave up. The bytes of the head tell which of the answers of the contract it deserves.
 * @param head the bytes of the request that could not be parsed, from its first one
 * @param parserCode llhttp's error code, `HPE_…`
 */
export function judgeRejectedHead(head: string, parserCode: string | undefined): FailureReason {
  const start = /^(?:\r?\n)*/.exec(head)?.[0].length ?? 0;
  const lineEnd = head.indexOf('\n', start);
  const line = head.slice(start, lineEnd < 0 ? undefined : lineEnd).replace(/\r$/, '');
  if (line.length > MAX_LINE_BYTES) return 'request_line_too_long';
  if (/ HTTP\/(?:[2-9]|[1-9]\d+)\.\d+$/.test(line)) return 'request_http_version_unsupported';
  if (parserCode === 'HPE_HEADER_OVERFLOW') return 'request_header_too_large';
  if (head.startsWith('\x16')) return 'request_tls_on_plain_port';
  if (parserCode !== 'HPE_INVALID_TRANSFER_ENCODING') return 'request_malformed';
  const codings = head.match(/\n(?:transfer-encoding|content-length)[ \t]*:/gi) ?? [];
  const isModern = / HTTP\/1\.1$/.test(line);
  return codings.length === 1 && isModern ? 'request_transfer_encoding_unsupported' : 'request_malformed';
}

/** The request line for the log: whatever came up to the first line end. */
export function firstLine(head: string): string {
  return /^(?:\r?\n)*([^\r\n]*)/.exec(head)?.[1]?.slice(0, MAX_LINE_BYTES) ?? '';
}
