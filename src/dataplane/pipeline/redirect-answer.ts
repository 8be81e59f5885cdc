import { errorBody } from './error-pages.ts';
import type { Answer } from './ports.ts';

/** Tells a client where to ask instead. @param location printable ASCII */
export function redirectAnswer(status: number, location: string, requestId: string): Answer {
  return {
    status,
    contentType: 'text/html',
    headers: [
      ['X-Request-ID', requestId],
      ['Location', location],
    ],
    body: errorBody(status, ''),
  };
}
