/** Contract section 3 beside nginx, with both ways to write its `location`. */
import { type Case, compareWithNginx } from './comparison.ts';
import { forwarded, refused, target } from './edits.ts';

const get = (requestTarget: string) => `GET ${requestTarget} HTTP/1.1\r\nHost: test\r\n\r\n`;
const notFound = refused(404, 'Not Found', 'keep-alive');

const TRAP = {
  'joined slash': {
    section: '3',
    reason: 'nginx replaces the characters of the location by the slash of proxy_pass, whatever follows them',
  },
  'string prefix': { section: '3', reason: 'nginx’s location is a prefix of characters, ours one of path segments' },
  'encoded slash': { section: '3', reason: 'nginx decodes %2F and takes it for a separator' },
  'encoding kept': {
    section: '3',
    reason: 'nginx decodes every escape and encodes what it must; we decode unreserved ones alone',
  },
  'empty query kept': { section: '3', reason: 'nginx drops a question mark with nothing behind it' },
} as const;

type TrapCase = Case<keyof typeof TRAP>;

/** A target that nginx and we send on alike but for the slash. */
const joined = (requestTarget: string, upstreamTarget: string): TrapCase => ({
  name: requestTarget,
  send: get(requestTarget),
  differs: { 'joined slash': target(upstreamTarget) },
});
const same = (requestTarget: string): Case<never> => ({ name: requestTarget, send: get(requestTarget) });

/** Answered alike by both, whichever way the location is written. */
const ALIKE: readonly Case<never>[] = [
  same('/other'),
  same('/'),
  same('/volume/../other'),
  same('/..'),
  same('/volume/../..'),
  same('/volume/a%zz'),
  same('/volume/a%'),
  same('/volume/a%00b'),
  same('/volume/a\x01b'),
  same('volume/x'),
  same('*'),
  same('http:///x'),
  same('http://u@h/volume/x'),
  same('/Volume/x'),
];

compareWithNginx({
  name: 'location /volume, proxy_pass …/',
  location: '/volume',
  differences: TRAP,
  cases: [
    ...ALIKE,
    same('/volume'),
    same('/volume?x=1'),
    joined('/volume/', '/'),
    joined('/volume/api/v1/pools', '/api/v1/pools'),
    joined('/volume//a', '/a'),
    joined('//volume/a', '/a'),
    joined('/x/../volume/a', '/a'),
    joined('/volume/./a', '/a'),
    joined('/%76olume/a', '/a'),
    joined('/volume/a%41~', '/aA~'),
    joined('/volume/a%20b%25%23%3F', '/a%20b%25%23%3F'),
    joined('/volume/a?y=%2F//..', '/a?y=%2F//..'),
    joined('/volume/a??b', '/a??b'),
    joined('/volume/a#fragment', '/a'),
    joined('/volume/a?q#fragment', '/a?q'),
    joined('/volume/..;/a', '/..;/a'),
    joined('/volume/a\'b{c}|d^e`f\\g"h<i>', '/a\'b{c}|d^e`f\\g"h<i>'),
    joined('http://h:81/volume/x', '/x'),
    joined('https://h/volume/x?y', '/x?y'),
    ...['/volumex', '/volume..', '/volume../x', '/volume%2e%2e/x', '/volume..%2fx'].map(
      (requestTarget): TrapCase => ({
        name: requestTarget,
        send: get(requestTarget),
        differs: { 'string prefix': notFound },
      }),
    ),
    {
      name: '/volume/a%2Fb',
      send: get('/volume/a%2Fb'),
      differs: { 'joined slash': target('/a/b'), 'encoded slash': target('/a%2Fb') },
    },
    { name: '/volume%2Fa', send: get('/volume%2Fa'), differs: { 'encoded slash': notFound } },
    {
      name: '/volume/a%2Bb%3Bc%2cd',
      send: get('/volume/a%2Bb%3Bc%2cd'),
      differs: { 'joined slash': target('/a+b;c,d'), 'encoding kept': target('/a%2Bb%3Bc%2cd') },
    },
    {
      name: '/volume/caf%c3%a9',
      send: get('/volume/caf%c3%a9'),
      differs: { 'joined slash': target('/caf%C3%A9'), 'encoding kept': target('/caf%c3%a9') },
    },
    {
      name: '/volume/a?',
      send: get('/volume/a?'),
      differs: { 'joined slash': target('/a'), 'empty query kept': target('/a?') },
    },
  ],
});

compareWithNginx({
  name: 'location /volume/, proxy_pass …/',
  location: '/volume/',
  differences: {
    'no redirect': {
      section: '3',
      reason: 'nginx sends a client of /volume to /volume/, on the port it listens on itself; the backend answers here',
    },
    'encoded slash': TRAP['encoded slash'],
    'encoding kept': TRAP['encoding kept'],
    'empty query kept': TRAP['empty query kept'],
  },
  cases: [
    ...ALIKE,
    same('/volumex'),
    same('/volume../x'),
    same('/volume%2e%2e/x'),
    same('/volume/'),
    same('/volume/api/v1/pools'),
    same('/volume//a'),
    same('//volume/a'),
    same('/x/../volume/a'),
    same('/volume/a?y=%2F//..'),
    same('/volume/a??b'),
    same('/volume/a#fragment'),
    same('http://h:81/volume/x'),
    { name: '/volume', send: get('/volume'), differs: { 'no redirect': forwarded('/') } },
    { name: '/volume?q=1', send: get('/volume?q=1'), differs: { 'no redirect': forwarded('/?q=1') } },
    { name: '/volume/a%2Fb', send: get('/volume/a%2Fb'), differs: { 'encoded slash': target('/a%2Fb') } },
    { name: '/volume/a%2Bb', send: get('/volume/a%2Bb'), differs: { 'encoding kept': target('/a%2Bb') } },
    { name: '/volume/a?', send: get('/volume/a?'), differs: { 'empty query kept': target('/a?') } },
  ],
});
