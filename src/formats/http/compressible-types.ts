/** Beside text of all kinds: the types that ingress-nginx compresses, and others of their kind. */
const TYPES: ReadonlySet<string> = new Set([
  'application/javascript',
  'application/x-javascript',
  'application/json',
  'application/x-ndjson',
  'application/jsonl',
  'application/xml',
  'application/xml-dtd',
  'application/wasm',
  'application/graphql',
  'application/rtf',
  'application/yaml',
  'application/toml',
  'application/sql',
  'application/x-sh',
  'application/vnd.ms-fontobject',
  'application/x-font-ttf',
  'application/x-web-app-manifest+json',
  'font/opentype',
  'font/otf',
  'font/ttf',
  'image/bmp',
  'image/x-icon',
  'image/vnd.microsoft.icon',
]);

/** Structured syntaxes that are text (RFC 6839). */
const TEXT_SUFFIX = /\+(?:json|xml|yaml|text)$/;

/** Its events are to be seen one by one, at once. */
const EVENT_STREAM = 'text/event-stream';

/** Whether content of a media type gets much smaller. @param type in lower case, without its parameters */
export function isCompressible(type: string): boolean {
  if (type.startsWith('text/')) return type !== EVENT_STREAM;
  return TYPES.has(type) || TEXT_SUFFIX.test(type);
}
