/** The variables of nginx that annotations of ingress-nginx may name. */
import { parseNginxText, REQUEST_VARIABLES, requestVariable, type TextPart } from '../../formats/nginx-text.ts';
import type { VariableText } from '../../model/policy.ts';

const VARIABLES: ReadonlyMap<string, string> = new Map([
  ...REQUEST_VARIABLES,
  ['uri', 'decoded_uri'],
  ['document_uri', 'decoded_uri'],
  ['scheme', 'scheme'],
  ['pass_access_scheme', 'scheme'],
  ['http_host', 'http_host'],
  ['best_http_host', 'http_host'],
  ['server_name', 'host'],
  ['server_port', 'server_port'],
  ['pass_server_port', 'server_port'],
  ['pass_port', 'server_port'],
  ['escaped_request_uri', 'escaped_request_uri'],
  ['is_args', 'is_args'],
  ['request_id', 'request_id'],
  ['req_id', 'request_id'],
  ['proxy_add_x_forwarded_for', 'proxy_add_x_forwarded_for'],
  ['full_x_forwarded_for', 'proxy_add_x_forwarded_for'],
]);

/** @param where such a text, for people @throws FormatError for a variable that may not stand there */
export function parseVariableText(text: string, where: string): VariableText {
  return parseNginxText(text, (name): TextPart => requestVariable(name, VARIABLES, where));
}
