import { FormatError } from '../../../errors.ts';
import type { MirrorPolicy, VariableText } from '../../../model/policy.ts';
import { quote } from '../../../text/quote.ts';
import type { IngressFeature, IngressValues } from '../ingress-feature.ts';
import { parseVariableText } from '../nginx-variables.ts';

const LONGEST = 2_048;

interface Target {
  readonly url: URL;
  /** Path and query of a copy; undefined: those of the request. */
  readonly target: VariableText | undefined;
}

/** Copies of requests go to another host. */
export const MIRROR: IngressFeature = {
  rows: [
    {
      name: 'mirror-target',
      support: 'works',
      value: 'a URL whose path and query may hold variables of nginx',
      example: 'https://shadow.example$request_uri',
      help: 'Sends a copy of each request there. What becomes of it changes nothing for the client.',
      differs:
        'A copy never delays the request. The host of the URL cannot be a variable. The certificate of the host is not verified, as in ingress-nginx.',
    },
    {
      name: 'mirror-host',
      support: 'works',
      value: 'a host name',
      example: 'shadow.example',
      help: 'The Host of a copy; that of mirror-target without the annotation.',
    },
    {
      name: 'mirror-request-body',
      support: 'works',
      value: 'on or off',
      example: 'off',
      help: 'Copies have the body of the request, unless it is "off".',
    },
  ],
  read(values) {
    const policy = read(values);
    return policy && { policies: [policy] };
  },
};

function read(values: IngressValues): MirrorPolicy | undefined {
  const found = values.read('mirror-target', parseTarget);
  const body = values.read('mirror-request-body', parseSwitch) ?? true;
  const host = values.read('mirror-host', parseHostText);
  if (found === undefined) return undefined;
  const { url, target } = found;
  return {
    kind: 'mirror',
    cluster: values.clusterOfUrl(url, false),
    percent: 100,
    ...(target !== undefined && { target }),
    host: host ?? url.hostname,
    ...(!body && { dropsBody: true }),
  };
}

/** @throws FormatError */
function parseTarget(text: string): Target {
  const [, origin, rest = ''] = /^(https?:\/\/[^/?#$@\\\s]+)((?:[/?$][!-~]*)?)$/i.exec(text) ?? [];
  if (text.length > LONGEST || origin === undefined || !URL.canParse(origin)) {
    throw new FormatError(
      `${quote(text)} is no URL: write https://HOST with a path behind it, in which variables may stand`,
    );
  }
  if (rest === '') return { url: new URL(origin), target: undefined };
  const parts = parseVariableText(rest, 'mirror-target');
  const [first] = parts;
  const isPath =
    typeof first === 'string' ? first.startsWith('/') : first?.variable === 'request_uri' || first?.variable === 'uri';
  return { url: new URL(origin), target: isPath ? parts : ['/', ...parts] };
}

/** @throws FormatError */
function parseSwitch(text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new FormatError(`${quote(text)} is neither on nor off`);
  return text === 'on';
}

/** @throws FormatError */
function parseHostText(text: string): string {
  if (!/^[A-Za-z0-9.-]{1,253}(?::\d{1,5})?$/.test(text)) throw new FormatError(`${quote(text)} is no host name`);
  return text;
}
