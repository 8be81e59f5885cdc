/** What there is nothing to do for, or nothing that can be done. */
import { parseSize } from '../../../formats/size.ts';
import type { IngressFeature, IngressRow } from '../ingress-feature.ts';

/** What the data plane takes. */
const LARGEST_HEAD = 32 * 1024;

const KEPT = 'connections to auth services are kept, and used again by further requests';
const STREAMED = 'bodies are passed on as they come, within a bounded memory, and nothing is put on a disk';

function noEffect(name: string, value: string, example: string, why: string, help: string): IngressRow {
  return { name, support: 'no-effect', value, example, help, why };
}

function refused(name: string, value: string, example: string, why: string, help: string): IngressRow {
  return { name, support: 'refused', value, example, help, why };
}

/** They are about how nginx does something, and what clients see does not depend on them. */
export const WITHOUT_EFFECT: IngressFeature = {
  read(values) {
    const size = values.read('proxy-buffer-size', parseSize) ?? 0;
    if (size > LARGEST_HEAD) {
      values.tell('proxy-buffer-size', 'heads of answers of more than 32k are answered with 502, whatever stands here');
    }
    return undefined;
  },
  rows: [
    noEffect('proxy-buffering', 'on or off', 'on', STREAMED, 'Whether answers are read ahead of the client.'),
    noEffect(
      'proxy-request-buffering',
      'on or off',
      'off',
      STREAMED,
      'Whether a body is read whole before it is sent on.',
    ),
    noEffect('proxy-buffers-number', 'a whole number', '4', STREAMED, 'How many buffers an answer has.'),
    noEffect(
      'proxy-buffer-size',
      'a size',
      '16k',
      'heads of answers of up to 32k are taken',
      'The largest head of an answer.',
    ),
    noEffect('proxy-busy-buffers-size', 'a size', '8k', STREAMED, 'How much of an answer waits for the client.'),
    noEffect('proxy-max-temp-file-size', 'a size', '1024m', STREAMED, 'How much of an answer is put on a disk.'),
    noEffect('client-body-buffer-size', 'a size', '8k', STREAMED, 'How much of a body is kept in memory.'),
    noEffect(
      'proxy-http-version',
      '1.0 or 1.1',
      '1.1',
      'HTTP/1.1 is spoken to endpoints, and servers of HTTP/1.0 answer it',
      'The version of HTTP that endpoints get.',
    ),
    noEffect('auth-keepalive', 'a whole number', '16', KEPT, 'How many connections to the auth service are kept.'),
    noEffect('auth-keepalive-requests', 'a whole number', '1000', KEPT, 'How many requests such a connection takes.'),
    noEffect('auth-keepalive-timeout', 'whole seconds', '60', KEPT, 'How long such a connection is kept.'),
    noEffect(
      'auth-keepalive-share-vars',
      'true or false',
      'false',
      KEPT,
      'Whether questions share variables with requests.',
    ),
    noEffect(
      'http2-push-preload',
      'true or false',
      'true',
      'browsers have given up server push; the header Link passes, by which they preload',
      'Whether resources of the header Link are pushed.',
    ),
  ],
};

/** They ask for something that is not done here: whoever writes one is told. */
export const NOT_DONE: IngressFeature = {
  rows: [
    refused(
      'limit-rate',
      'kilobytes a second',
      '100',
      'answers are not paced: limit the requests of a client by limit-rps or limit-connections',
      'How fast a client gets an answer.',
    ),
    refused(
      'limit-rate-after',
      'kilobytes',
      '1024',
      'answers are not paced: limit the requests of a client by limit-rps or limit-connections',
      'How much of an answer comes before limit-rate counts.',
    ),
    refused(
      'ssl-ciphers',
      "OpenSSL's list of ciphers",
      'ALL:!aNULL',
      "the ciphers of all hosts are those of Mozilla's intermediate list: remove it",
      'The ciphers of the host.',
    ),
    refused(
      'ssl-prefer-server-ciphers',
      'true or false',
      'true',
      'all ciphers are strong, so that clients may choose the one that is fast for them: remove it',
      'Whether the server chooses the cipher.',
    ),
    refused(
      'fastcgi-index',
      'the name of a file',
      'index.php',
      'FastCGI is not spoken: put a server of HTTP before the program, as nginx or php-fpm images have it',
      'What FastCGI is asked for a directory.',
    ),
    refused(
      'fastcgi-params-configmap',
      'the name of a ConfigMap',
      'default/params',
      'FastCGI is not spoken: put a server of HTTP before the program, as nginx or php-fpm images have it',
      'Parameters that FastCGI gets.',
    ),
    refused(
      'enable-opentelemetry',
      'true or false',
      'true',
      'spans are not written; traceparent passes, and the JSON access log has the times of each request',
      'Whether spans are written.',
    ),
    refused(
      'opentelemetry-operation-name',
      'text',
      'shop',
      'spans are not written; traceparent passes, and the JSON access log has the times of each request',
      'The name of spans.',
    ),
    refused(
      'opentelemetry-trust-incoming-span',
      'true or false',
      'true',
      'spans are not written; traceparent passes, and the JSON access log has the times of each request',
      "Whether a client's span is taken.",
    ),
  ],
};
