import type { ServerResponse } from 'node:http';
import { type ReceivedRequest, sendJson, sendStatus } from './kube-api-wire.ts';

/** A v1 Event as it was posted. */
export interface PostedEvent {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly [field: string]: unknown;
}

/** The Events of the API server of kube-api.ts. */
export class PostedEvents {
  readonly events: PostedEvent[] = [];
  readonly #versions = new WeakMap<PostedEvent, number>();

  /** Keeps an Event; answers 409 to one whose name is taken. */
  create({ namespace }: ReceivedRequest, response: ServerResponse, body: string): void {
    const event = JSON.parse(body) as PostedEvent;
    const { metadata } = event;
    const isKnown = this.events.some(
      known => known.metadata.namespace === namespace && known.metadata.name === metadata.name,
    );
    if (metadata.namespace !== namespace) sendStatus(response, 400);
    else if (isKnown) sendStatus(response, 409);
    else {
      this.events.push(event);
      sendJson(response, 201, event);
    }
  }

  /** Applies a merge patch of one level (RFC 7396); answers 409 to one that was made for another version of the Event. */
  patch({ namespace, name }: ReceivedRequest, response: ServerResponse, body: string): void {
    const index = this.events.findIndex(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
    const known = this.events[index];
    if (known === undefined) {
      sendStatus(response, 404);
      return;
    }
    const { metadata, ...change } = JSON.parse(body) as Partial<PostedEvent>;
    const version = this.#versions.get(known) ?? 1;
    const wanted = metadata === undefined ? undefined : Reflect.get(metadata, 'resourceVersion');
    if (wanted !== undefined && wanted !== `${version}`) {
      sendStatus(response, 409);
      return;
    }
    const event: PostedEvent = { ...known, ...change, metadata: known.metadata };
    const next = Object.keys(change).length === 0 ? version : version + 1;
    this.#versions.set(event, next);
    this.events[index] = event;
    sendJson(response, 200, { ...event, metadata: { ...event.metadata, resourceVersion: `${next}` } });
  }
}
