/** The files of the page, as they lie beside this module: in the package as in a checkout. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { listElements } from '../../formats/http/list.ts';

const FOLDER = new URL('page/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface Asset {
  readonly name: string;
  readonly type: string;
  readonly body: Buffer;
  /** RFC 9110 section 8.8.3; of the content. */
  readonly etag: string;
}

/** Every file of the page by its name. */
export function loadAssets(): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>();
  for (const name of readdirSync(FOLDER)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const body = readFileSync(new URL(name, FOLDER));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    assets.set(name, { name, type, body, etag });
  }
  return assets;
}

/** Always asked for again, and not sent again while it is the same: the page and its parts are of one version. */
export function sendAsset(request: FastifyRequest, reply: FastifyReply, { type, body, etag }: Asset): FastifyReply {
  reply.headers({ etag, 'cache-control': 'no-cache' });
  return isKnown(request.headers['if-none-match'], etag) ? reply.code(304).send() : reply.type(type).send(body);
}

/** If-None-Match of RFC 9110 section 13.1.2; compared weakly, as caches on the way may have made the tag weak. */
function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return listElements(header).some(tag => tag === '*' || tag.replace(/^W\//, '') === etag);
}
