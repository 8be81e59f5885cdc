import { FormatError } from '../errors.ts';
import { isDnsLabel } from '../resources/service-object.ts';
import { quote } from '../text/quote.ts';

/** Names another Service of the same namespace, and one of its ports. */
export interface ServiceReference {
  readonly name: string;
  /** Name or number; undefined: the port that its routes would lead to. */
  readonly port: string | undefined;
}

/** Reads `NAME` or `NAME:PORT`. @throws FormatError */
export function parseServiceReference(text: string): ServiceReference {
  const [name = '', port, ...others] = text.split(':');
  if (isDnsLabel(name) && (port === undefined || isDnsLabel(port)) && others.length === 0) return { name, port };
  const advice = 'write the name of a Service of the same namespace, as in "pages" or, with a port, "pages:8080"';
  throw new FormatError(`${quote(text)} names no Service: ${advice}`);
}
