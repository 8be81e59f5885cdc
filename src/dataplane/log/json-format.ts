/** The access log as JSON: one object a line, in ASCII. */

import { basicUser } from '../../formats/http/authentication.ts';
import { writeBytes, writeDecimal, writeLatin1 } from '../../formats/write-bytes.ts';
import type { Endpoint } from '../../model/cluster.ts';
import type { PolicyKind } from '../../model/policy.ts';
import { serviceKey } from '../../model/route.ts';
import { formatHostPort } from '../../text/host-port.ts';
import type { LineBuffer } from './line-buffer.ts';
import { COMMA, DIGIT_0, hasUnsafe, LF, POINT, TextMemo } from './log-text.ts';
import type { LoggedHead, LoggedTls, RequestRecord, UpstreamAttempt } from './request-record.ts';

const QUOTE = 0x22;
const BRACE_CLOSE = 0x7d;

/** `\uXXXX` */
const ESCAPE_BYTES = 6;
/** Names, numbers and punctuation of a line, with its time, id, reason and upstream. */
const FIXED_BYTES = 2048;
/** Address and time of an attempt, with their names. */
const ATTEMPT_BYTES = 512;

const TIME = Buffer.from('{"time":"');
const REMOTE_ADDRESS = Buffer.from('","remoteAddress":"');
const REQUEST_LINE = Buffer.from('","requestLine":"');
const PROTOCOL = Buffer.from('","protocol":"');
const HOST = Buffer.from('","host":"');
const STATUS = Buffer.from('","status":');
const BODY_BYTES = Buffer.from(',"bodyBytes":');
const REQUEST_BYTES = Buffer.from(',"requestBytes":');
const REFERER = Buffer.from(',"referer":"');
const USER_AGENT = Buffer.from('","userAgent":"');
const FORWARDED_FOR = Buffer.from('","forwardedFor":"');
const REMOTE_USER = Buffer.from('","remoteUser":"');
const REQUEST_ID = Buffer.from('","requestId":"');
const NO_ROUTE = Buffer.from('","service":"","routePath":"","upstream":"');
const UPSTREAM_STATUS = Buffer.from('","upstreamStatus":');
const REASON = Buffer.from(',"reason":"');
const DURATION_MS = Buffer.from('","durationMs":');
const UPSTREAM_MS = Buffer.from(',"upstreamMs":');
const TLS_VERSION = Buffer.from(',"tls":{"version":"');
const TLS_CIPHER = Buffer.from('","cipher":"');
const TLS_SERVER_NAME = Buffer.from('","serverName":"');
const TLS_FULL = Buffer.from('","isResumed":false}');
const TLS_RESUMED = Buffer.from('","isResumed":true}');
const POLICY = Buffer.from(',"policy":"');
const NULL = Buffer.from('null');
const EARLIER_ATTEMPTS = Buffer.from(',"earlierAttempts":[');
const ATTEMPT = Buffer.from('{"upstream":"');
const ATTEMPT_STATUS = Buffer.from('","status":');
const ATTEMPT_MS = Buffer.from(',"ms":');
const ATTEMPTS_END = Buffer.from(']}');

const peers = new TextMemo();

export function writeJsonLine(lines: LineBuffer, record: RequestRecord, head: LoggedHead, time: number): void {
  const { host, route, endpoint, earlierAttempts, tls, policy } = record;
  const routeText = route === undefined ? NO_ROUTE : textOfRoute(route);
  const units = head.mostBytes + host.length + (tls?.serverName.length ?? 0);
  lines.reserve(FIXED_BYTES + ESCAPE_BYTES * units + routeText.length + ATTEMPT_BYTES * earlierAttempts.length);
  const { bytes } = lines;
  let at = writeBytes(bytes, lines.end, TIME);
  at = writeLatin1(bytes, at, new Date(time).toISOString());
  at = peers.write(bytes, writeBytes(bytes, at, REMOTE_ADDRESS), record.remoteAddress);
  at = writeBytes(bytes, at, REQUEST_LINE);
  at = escaped(bytes, at, head.writeRequestLine(bytes, at));
  at = writeLatin1(bytes, writeBytes(bytes, at, PROTOCOL), head.protocol);
  at = writeBytes(bytes, at, HOST);
  at = escaped(bytes, at, writeLatin1(bytes, at, host));
  at = writeInteger(bytes, at, STATUS, record.status);
  at = writeInteger(bytes, at, BODY_BYTES, record.bodyBytes);
  at = writeInteger(bytes, at, REQUEST_BYTES, record.requestBytes);
  at = writeBytes(bytes, at, REFERER);
  at = escaped(bytes, at, head.writeReferer(bytes, at));
  at = writeBytes(bytes, at, USER_AGENT);
  at = escaped(bytes, at, head.writeUserAgent(bytes, at));
  at = writeBytes(bytes, at, FORWARDED_FOR);
  at = escaped(bytes, at, head.writeForwardedFor(bytes, at));
  at = writeBytes(bytes, at, REMOTE_USER);
  if (head.authorization !== '') at = escaped(bytes, at, writeLatin1(bytes, at, basicUser(head.authorization)));
  at = writeLatin1(bytes, writeBytes(bytes, at, REQUEST_ID), record.requestId);
  at = writeBytes(bytes, at, routeText);
  if (endpoint !== undefined) at = writeBytes(bytes, at, textOfEndpoint(endpoint));
  at = writeInteger(bytes, at, UPSTREAM_STATUS, record.upstreamStatus);
  at = writeLatin1(bytes, writeBytes(bytes, at, REASON), record.reason);
  at = writeMilliseconds(bytes, at, DURATION_MS, record.durationMs);
  at = writeMilliseconds(bytes, at, UPSTREAM_MS, record.upstreamMs);
  if (tls !== undefined) at = writeTls(bytes, at, tls);
  if (policy !== undefined) at = writePolicy(bytes, at, policy);
  // Only where there were any: it is rare, and a line should be short.
  if (earlierAttempts.length > 0) at = writeAttempts(bytes, at, earlierAttempts);
  else bytes[at++] = BRACE_CLOSE;
  bytes[at++] = LF;
  lines.add(at);
}

type LoggedRoute = NonNullable<RequestRecord['route']>;

/** What a line says of a route, and of an endpoint: the same for each of its requests. */
const routeTexts = new WeakMap<LoggedRoute, Uint8Array>();
const endpointTexts = new WeakMap<Endpoint, Uint8Array>();

/** From the name of the service to the one of the upstream. */
function textOfRoute(route: LoggedRoute): Uint8Array {
  let text = routeTexts.get(route);
  if (text === undefined) {
    text = Buffer.from(
      `","service":${jsonText(serviceKey(route.service))},"routePath":${jsonText(route.path)},"upstream":"`,
    );
    routeTexts.set(route, text);
  }
  return text;
}

function textOfEndpoint(endpoint: Endpoint): Uint8Array {
  let text = endpointTexts.get(endpoint);
  if (text === undefined) {
    text = Buffer.from(formatHostPort(endpoint.address, endpoint.port));
    endpointTexts.set(endpoint, text);
  }
  return text;
}

function writeTls(bytes: Buffer, start: number, { version, cipher, serverName, isResumed }: LoggedTls): number {
  let at = writeLatin1(bytes, writeBytes(bytes, start, TLS_VERSION), version);
  at = writeLatin1(bytes, writeBytes(bytes, at, TLS_CIPHER), cipher);
  at = writeBytes(bytes, at, TLS_SERVER_NAME);
  at = escaped(bytes, at, writeLatin1(bytes, at, serverName));
  return writeBytes(bytes, at, isResumed ? TLS_RESUMED : TLS_FULL);
}

function writePolicy(bytes: Buffer, start: number, policy: PolicyKind): number {
  const at = writeLatin1(bytes, writeBytes(bytes, start, POLICY), policy);
  bytes[at] = QUOTE;
  return at + 1;
}

/** With the end of the object. */
function writeAttempts(bytes: Buffer, start: number, attempts: readonly UpstreamAttempt[]): number {
  let at = writeBytes(bytes, start, EARLIER_ATTEMPTS);
  for (const [index, { endpoint, status, ms }] of attempts.entries()) {
    if (index > 0) bytes[at++] = COMMA;
    at = writeBytes(bytes, writeBytes(bytes, at, ATTEMPT), textOfEndpoint(endpoint));
    at = writeInteger(bytes, at, ATTEMPT_STATUS, status);
    at = writeMilliseconds(bytes, at, ATTEMPT_MS, ms);
    bytes[at++] = BRACE_CLOSE;
  }
  return writeBytes(bytes, at, ATTEMPTS_END);
}

function writeInteger(bytes: Buffer, at: number, name: Uint8Array, value: number): number {
  return writeDecimal(bytes, writeBytes(bytes, at, name), value);
}

/** To the microsecond, without zeros at the end; NaN is null. */
function writeMilliseconds(bytes: Buffer, start: number, name: Uint8Array, milliseconds: number): number {
  const from = writeBytes(bytes, start, name);
  const micros = Math.round(1000 * milliseconds);
  if (!(micros >= 0)) return writeBytes(bytes, from, NULL);
  const whole = Math.floor(micros / 1000);
  let at = writeDecimal(bytes, from, whole);
  let rest = micros - 1000 * whole;
  if (rest === 0) return at;
  bytes[at++] = POINT;
  for (let place = 100; rest > 0; place /= 10) {
    const digit = (rest / place) | 0;
    bytes[at++] = DIGIT_0 + digit;
    rest -= digit * place;
  }
  return at;
}

/** JSON would let C1 controls and the like pass, which a terminal that shows the log obeys. */
const NOT_ASCII_ALL = /[\x7f-\uffff]/g;

function jsonText(text: string): string {
  return JSON.stringify(text).replace(NOT_ASCII_ALL, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Escapes what has been written from `start` to `end`: one byte is one character. */
function escaped(bytes: Buffer, start: number, end: number): number {
  if (!hasUnsafe(bytes, start, end)) return end;
  return writeLatin1(bytes, start, jsonText(bytes.toString('latin1', start, end)).slice(1, -1));
}
