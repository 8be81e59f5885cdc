import { preferredCoding } from '../../../formats/http/accept-encoding.ts';
import { isCompressible } from '../../../formats/http/compressible-types.ts';
import { listElements, parametersOf } from '../../../formats/http/list.ts';
import type { CompressPolicy, ContentCoding } from '../../../model/policy.ts';
import type { Filter, FilteredExchange, FilteredResponse } from './filter.ts';

/** Shorter content fits into one packet anyway. */
const LEAST_BYTES = 256;

/** Their content is a part, or there is none (RFC 9110 sections 15.3.5 to 15.3.7). */
const NEVER: ReadonlySet<number> = new Set([204, 205, 206]);
const NOT_MODIFIED = 304;

/** What says that bytes are these and no others (RFC 9530, RFC 9421): an application that says so gets them through as they are. */
const SIGNED = ['content-digest', 'repr-digest', 'digest', 'content-md5', 'signature'];

/** Compresses the responses of upstreams for clients that take it. */
export class Compress implements Filter {
  readonly #codings: readonly ContentCoding[];

  constructor({ codings }: CompressPolicy) {
    this.#codings = codings;
  }

  response(exchange: FilteredExchange, response: FilteredResponse): void {
    if (response.isOurs || NEVER.has(response.status)) return;
    const { head, responseEdits } = exchange;
    const isNotModified = response.status === NOT_MODIFIED;
    if (!isNotModified && !mayCompress(response)) return;
    // Of a 304 the type is seldom said (RFC 9110 section 15.4.5).
    if (isNotModified && response.field('content-type') !== '' && !hasType(response)) return;
    // What another client gets may be compressed: a cache has to know for this one, too.
    if (!names(response.field('vary'), 'accept-encoding', '*')) responseEdits.add('Vary', 'Accept-Encoding');
    const etag = response.field('etag');
    if (isNotModified) {
      if (isStrong(etag) && listElements(head.field('if-none-match', ', ')).includes(`W/${etag}`))
        responseEdits.set('ETag', `W/${etag}`);
      return;
    }
    if (head.method === 'HEAD') return;
    const coding = preferredCoding(head.field('accept-encoding', ', '), this.#codings);
    if (coding === undefined || !exchange.compress(coding)) return;
    responseEdits.set('Content-Encoding', coding);
    responseEdits.drop('content-length');
    responseEdits.drop('accept-ranges');
    // RFC 9110 section 8.8.1: the bytes are no longer those that a strong validator stands for.
    if (isStrong(etag)) responseEdits.set('ETag', `W/${etag}`);
  }
}

function mayCompress(response: FilteredResponse): boolean {
  const { contentLength } = response;
  if (contentLength >= 0 && contentLength < LEAST_BYTES) return false;
  const encoding = response.field('content-encoding');
  if (encoding !== '' && encoding.toLowerCase() !== 'identity') return false;
  if (!hasType(response) || names(response.field('cache-control'), 'no-transform')) return false;
  return SIGNED.every(name => response.field(name) === '');
}

function hasType(response: FilteredResponse): boolean {
  return isCompressible(parametersOf(response.field('content-type'))[0]?.name ?? '');
}

function isStrong(etag: string): boolean {
  return etag.startsWith('"');
}

/** Whether a list has one of these elements. @param words in lower case */
function names(list: string, ...words: readonly string[]): boolean {
  return list !== '' && listElements(list).some(element => words.includes(parametersOf(element)[0]?.name ?? ''));
}
