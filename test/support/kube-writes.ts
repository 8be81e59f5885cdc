/** How the API server of kube-api.ts answers requests that create an object, change it or replace its status. */
import type { ServerResponse } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { type PlainManifest, type ReceivedRequest, type StoredObject, sendJson, sendStatus } from './kube-api-wire.ts';

interface Objects {
  get(resource: string, namespace: string, name: string): StoredObject | undefined;
  apply(wanted: StoredObject): void;
}

type Write = (objects: Objects, request: ReceivedRequest, response: ServerResponse, body: string) => void;

/** Answers 409 to an object that exists. */
export const createObject: Write = (objects, { resource, namespace = '' }, response, body) => {
  const object = JSON.parse(body) as PlainManifest;
  if (objects.get(resource, namespace, object.metadata.name) !== undefined) sendStatus(response, 409);
  else {
    objects.apply(object);
    sendJson(response, 201, objects.get(resource, namespace, object.metadata.name));
  }
};

/** Applies a merge patch of one level, to the status alone where that is patched; 409 to one for another version or uid. */
export const patchObject: Write = (objects, { resource, namespace = '', name, part }, response, body) => {
  const known = objects.get(resource, namespace, name);
  if (known === undefined) {
    sendStatus(response, 404);
    return;
  }
  const { metadata = {}, ...change } = JSON.parse(body) as {
    metadata?: Record<string, unknown>;
    [field: string]: unknown;
  };
  const { uid, resourceVersion } = metadata;
  const isStale = resourceVersion !== undefined && resourceVersion !== known.metadata.resourceVersion;
  if (isStale || (uid !== undefined && uid !== known.metadata.uid)) {
    sendStatus(response, 409);
    return;
  }
  const wanted = part === undefined ? change : { [part]: change[part] };
  objects.apply({ ...known, ...wanted } as StoredObject);
  sendJson(response, 200, objects.get(resource, namespace, name));
};

/** Answers 409 to a status of another version. What changes nothing makes no new version. */
export const replaceStatus: Write = (objects, { resource, namespace = '', name }, response, body) => {
  const known = objects.get(resource, namespace, name) as (StoredObject & { readonly status?: unknown }) | undefined;
  const { metadata, status } = JSON.parse(body) as StoredObject & { readonly status?: unknown };
  if (known === undefined) sendStatus(response, 404);
  else if (metadata.resourceVersion !== known.metadata.resourceVersion) sendStatus(response, 409);
  else {
    if (!isDeepStrictEqual(known.status, status)) objects.apply(Object.assign({}, known, { status }));
    sendJson(response, 200, objects.get(resource, namespace, name));
  }
};
