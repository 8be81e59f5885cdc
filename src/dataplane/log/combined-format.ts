/**
 * nginx's `combined`, followed by what that does not know:
 * `$request_id $request_length $request_time NAMESPACE/SERVICE ROUTE $upstream_addr $upstream_status
 * $upstream_response_time REASON`. What reads combined lines stops before these.
 */

import { basicUser } from '../../formats/http/authentication.ts';
import { writeBytes, writeDecimal, writeLatin1 } from '../../formats/write-bytes.ts';
import type { Endpoint } from '../../model/cluster.ts';
import { serviceKey } from '../../model/route.ts';
import { formatHostPort } from '../../text/host-port.ts';
import type { LineBuffer } from './line-buffer.ts';
import { COMMA, DIGIT_0, hasUnsafe, LF, POINT, SAFE, TextMemo } from './log-text.ts';
import type { LoggedHead, RequestRecord } from './request-record.ts';

const SP = 0x20;
const DASH = 0x2d;
const BACKSLASH = 0x5c;
const LOWER_X = 0x78;

/** `\xHH` */
const ESCAPE_BYTES = 4;
/** Numbers, time, blanks and quotes of a line, with its id, its reason and the upstream. */
const FIXED_BYTES = 1024;
/** Address, dash and time of an attempt. */
const ATTEMPT_BYTES = 512;

const NO_USER = Buffer.from(' - - [');
const USER = Buffer.from(' - ');
const USER_END = Buffer.from(' [');
const QUOTE_SP = Buffer.from('" ');
const SP_QUOTE = Buffer.from(' "');
const BETWEEN_QUOTES = Buffer.from('" "');
const NO_ROUTE = Buffer.from(' - - ');

const peers = new TextMemo();

export function writeCombinedLine(lines: LineBuffer, record: RequestRecord, head: LoggedHead, time: number): void {
  const { route, endpoint, earlierAttempts, reason } = record;
  const routeText = route === undefined ? NO_ROUTE : textOfRoute(route);
  lines.reserve(
    FIXED_BYTES + ESCAPE_BYTES * head.mostBytes + routeText.length + ATTEMPT_BYTES * earlierAttempts.length,
  );
  const { bytes } = lines;
  let at = peers.write(bytes, lines.end, record.remoteAddress);
  at = writeUser(bytes, at, head.authorization);
  at = writeBytes(bytes, at, timeLocal(time));
  at = escaped(bytes, at, head.writeRequestLine(bytes, at));
  at = writeBytes(bytes, at, QUOTE_SP);
  at = writeDecimal(bytes, at, record.status);
  bytes[at++] = SP;
  at = writeDecimal(bytes, at, record.bodyBytes);
  at = writeBytes(bytes, at, SP_QUOTE);
  at = field(bytes, at, head.writeReferer(bytes, at));
  at = writeBytes(bytes, at, BETWEEN_QUOTES);
  at = field(bytes, at, head.writeUserAgent(bytes, at));
  at = writeBytes(bytes, at, QUOTE_SP);
  // It has been validated or made here.
  at = field(bytes, at, writeLatin1(bytes, at, record.requestId));
  bytes[at++] = SP;
  at = writeDecimal(bytes, at, record.requestBytes);
  bytes[at++] = SP;
  at = writeSeconds(bytes, at, record.durationMs);
  at = writeBytes(bytes, at, routeText);
  if (earlierAttempts.length === 0) {
    at = writeUpstream(bytes, at, endpoint);
    bytes[at++] = SP;
    at = writeStatus(bytes, at, record.upstreamStatus);
    bytes[at++] = SP;
    at = writeSeconds(bytes, at, record.upstreamMs);
  } else {
    at = writeAttempts(bytes, at, record);
  }
  bytes[at++] = SP;
  if (reason === '-') bytes[at++] = DASH;
  else at = writeLatin1(bytes, at, reason);
  bytes[at++] = LF;
  lines.add(at);
}

function writeUser(bytes: Buffer, start: number, authorization: string): number {
  const user = authorization === '' ? '' : basicUser(authorization);
  if (user === '') return writeBytes(bytes, start, NO_USER);
  const at = writeBytes(bytes, start, USER);
  return writeBytes(bytes, escaped(bytes, at, writeLatin1(bytes, at, user)), USER_END);
}

/** As nginx writes addresses, statuses and times after a retry: each a list, with a comma and a space between the tries. */
function writeAttempts(bytes: Buffer, start: number, record: RequestRecord): number {
  const { earlierAttempts } = record;
  let at = start;
  for (const attempt of earlierAttempts) at = writeSeparator(bytes, writeUpstream(bytes, at, attempt.endpoint));
  at = writeUpstream(bytes, at, record.endpoint);
  bytes[at++] = SP;
  for (const { status } of earlierAttempts) at = writeSeparator(bytes, writeStatus(bytes, at, status));
  at = writeStatus(bytes, at, record.upstreamStatus);
  bytes[at++] = SP;
  for (const attempt of earlierAttempts) at = writeSeparator(bytes, writeSeconds(bytes, at, attempt.ms));
  return writeSeconds(bytes, at, record.upstreamMs);
}

function writeSeparator(bytes: Buffer, at: number): number {
  bytes[at] = COMMA;
  bytes[at + 1] = SP;
  return at + 2;
}

function writeDash(bytes: Buffer, at: number): number {
  bytes[at] = DASH;
  return at + 1;
}

function writeStatus(bytes: Buffer, at: number, status: number): number {
  return status === 0 ? writeDash(bytes, at) : writeDecimal(bytes, at, status);
}

/** nginx's times: seconds, to the millisecond. A dash for NaN. */
function writeSeconds(bytes: Buffer, start: number, milliseconds: number): number {
  const whole = Math.round(milliseconds);
  if (!(whole >= 0)) return writeDash(bytes, start);
  const seconds = Math.floor(whole / 1000);
  const rest = (whole - 1000 * seconds) | 0;
  const at = writeDecimal(bytes, start, seconds);
  const hundreds = (rest / 100) | 0;
  const tens = ((rest - 100 * hundreds) / 10) | 0;
  bytes[at] = POINT;
  bytes[at + 1] = DIGIT_0 + hundreds;
  bytes[at + 2] = DIGIT_0 + tens;
  bytes[at + 3] = DIGIT_0 + rest - 100 * hundreds - 10 * tens;
  return at + 4;
}

type LoggedRoute = NonNullable<RequestRecord['route']>;

/** What a line says of a route, and of an endpoint: the same for each of its requests. */
const routeTexts = new WeakMap<LoggedRoute, Uint8Array>();
const endpointTexts = new WeakMap<Endpoint, Uint8Array>();

/** ` NAMESPACE/SERVICE ROUTE ` */
function textOfRoute(route: LoggedRoute): Uint8Array {
  let text = routeTexts.get(route);
  if (text === undefined) {
    text = Buffer.from(` ${serviceKey(route.service)} ${escapedPath(route.path)} `);
    routeTexts.set(route, text);
  }
  return text;
}

function writeUpstream(bytes: Buffer, at: number, endpoint: Endpoint | undefined): number {
  if (endpoint === undefined) return writeDash(bytes, at);
  let text = endpointTexts.get(endpoint);
  if (text === undefined) {
    text = Buffer.from(formatHostPort(endpoint.address, endpoint.port));
    endpointTexts.set(endpoint, text);
  }
  return writeBytes(bytes, at, text);
}

/** Its characters beyond ASCII are escaped as UTF-8. */
function escapedPath(path: string): string {
  const utf8 = Buffer.from(path);
  const bytes = Buffer.alloc(ESCAPE_BYTES * utf8.length);
  return bytes.toString('latin1', 0, escaped(bytes, 0, writeBytes(bytes, 0, utf8)));
}

/** A field that has been written from `start` to `end`; a dash where it is empty. */
function field(bytes: Buffer, start: number, end: number): number {
  return start === end ? writeDash(bytes, start) : escaped(bytes, start, end);
}

const HEX_DIGITS = Buffer.from('0123456789ABCDEF');

/**
 * Escapes what has been written from `start` to `end` as nginx does by default: `\xHH` for quote, backslash and all bytes
 * outside printable ASCII, so that one line stays one line.
 */
function escaped(bytes: Buffer, start: number, end: number): number {
  return hasUnsafe(bytes, start, end) ? writeEscapes(bytes, start, Buffer.from(bytes.subarray(start, end))) : end;
}

function writeEscapes(bytes: Buffer, start: number, raw: Buffer): number {
  let at = start;
  for (const byte of raw) {
    if (SAFE[byte] !== 1) {
      bytes[at] = BACKSLASH;
      bytes[at + 1] = LOWER_X;
      bytes[at + 2] = HEX_DIGITS[byte >> 4] as number;
      bytes[at + 3] = HEX_DIGITS[byte & 15] as number;
      at += ESCAPE_BYTES;
    } else {
      bytes[at] = byte;
      at += 1;
    }
  }
  return at;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

let lastSecond = -1;
let lastTimeLocal = Buffer.alloc(0);

/** nginx's `$time_local` in UTC with what follows it: `21/Nov/2026:17:15:33 +0000] "`. Made once a second. */
function timeLocal(time: number): Uint8Array {
  const second = Math.floor(time / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    const iso = new Date(time).toISOString();
    const month = MONTHS[Number(iso.slice(5, 7)) - 1];
    lastTimeLocal = Buffer.from(`${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000] "`);
  }
  return lastTimeLocal;
}
