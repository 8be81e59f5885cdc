import type { ProxyKind } from '../support/proxy-under-test.ts';

/** A requirement that an engine is known not to meet. */
export interface Gap {
  /** Why it cannot, for a person who wonders. */
  readonly reason: string;
  /** What the failure says. Any other failure is not this gap. */
  readonly fails: RegExp;
}

export interface EngineUnderTest {
  readonly name: ProxyKind;
  /** By area and name of the test. */
  readonly gaps: Readonly<Record<string, Readonly<Record<string, Gap>>>>;
}

const LLHTTP_SPACES: Gap = {
  reason: 'llhttp skips spaces within the request line and does not tell; the upstream gets a clean request line',
  fails: /^Expected values to be strictly equal:\n\n200 !== 400\n/,
};

const LLHTTP_LINE_ENDS: Gap = {
  reason: 'llhttp skips every CR and LF before a request line; the upstream gets a clean request line',
  fails: /^Expected values to be strictly equal:\n\n200 !== 400\n/,
};

const NOT_KEPT: Gap = {
  reason: 'a connection that was asked for a login is not kept at all: the next step of the login meets another one',
  fails: /who are you\?/,
};

const NODE_GAPS: EngineUnderTest['gaps'] = {
  'request target': {
    'bytes above 0x7f in a path go on as they came': {
      reason: 'llhttp refuses a request target that is not ASCII',
      fails: /^Expected values to be strictly equal:\n\n400 !== 200\n/,
    },
  },
  'request smuggling': {
    'request line: two spaces before the target is 400': LLHTTP_SPACES,
    'request line: two spaces before the version is 400': LLHTTP_SPACES,
    'request line: a bare LF before it is 400': LLHTTP_LINE_ENDS,
    'request line: a bare CR before it is 400': LLHTTP_LINE_ENDS,
    'a coding between tabs is that coding': {
      reason: 'llhttp takes no tab behind the value of Transfer-Encoding',
      fails: /^Expected values to be strictly equal:\n\n400 !== 200\n/,
    },
    'chunks: a size over 2^53 is 400': {
      reason:
        'llhttp counts a chunk in 64 bits and waits for its end; what came of it goes on in chunks of their own, so nothing is misread',
      fails: /^Expected values to be strictly equal:\n\n408 !== 400\n/,
    },
    'a method this proxy does not know passes': {
      reason: 'llhttp knows a fixed list of methods',
      fails: /^FOO\n\n400 !== 200\n/,
    },
    'a higher minor version is HTTP/1.1': {
      reason: 'llhttp knows HTTP/1.0 and HTTP/1.1 only',
      fails: /^Expected values to be strictly equal:\n\n400 !== 200\n/,
    },
  },
  'request bodies': {
    'a length among the trailers ends here': {
      reason: 'llhttp reads framing in trailers, too, and refuses it there',
      fails: /^Expected values to be strictly equal:\n\n400 !== 200\n/,
    },
  },
  upgrade: {
    'a handshake that the upstream refuses leaves the connection for further requests': {
      reason: 'node:http stops to parse a connection behind a handshake, before the upstream has answered it',
      fails: /'close'\n-\s+'keep-alive'/,
    },
  },
  'connection authentication': {
    'a login succeeds, and lasts as long as its client': NOT_KEPT,
    'several backends of one client do not take each other’s connections': NOT_KEPT,
    'of several endpoints a client stays with the one that knows it': NOT_KEPT,
  },
  turns: {
    'proxy-read-timeout: an upstream that does not say whether it wants the body is 504': {
      reason:
        'node:http gives one limit to a socket: whoever is waited for, the client’s runs while its body has not come',
      fails: /^Expected values to be strictly equal:\n\n408 !== 504\n/,
    },
  },
  'upstream headers': {
    'duplicates stay where they are, each in its own case': {
      reason: 'node:http keeps request headers by name: duplicates follow the first one and take its case',
      fails: /'X-dup',\n\+? +'3'/,
    },
    'several Cookie lines stay several': {
      reason: 'node:http joins Cookie lines with "; ", which RFC 6265 section 5.4 means by them',
      fails: /'a=1; b=2'/,
    },
  },
};

/**
 * The engines, and the ports that clients come by, each with everything of the contract it is known to miss. A gap's test is
 * not skipped: it runs and must fail in the way described here, so a gap that is closed, renamed or changed makes the suite fail
 * until it goes.
 */
export const ENGINES: readonly EngineUnderTest[] = [
  { name: 'node', gaps: NODE_GAPS },
  { name: 'wire', gaps: {} },
  { name: 'wire on TLS', gaps: {} },
];
