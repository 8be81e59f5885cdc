import { FormatError } from '../../errors.ts';
import { preferredCoding } from '../../formats/http/accept-encoding.ts';
import type { CompressPolicy, ContentCoding } from '../../model/policy.ts';
import { quote } from '../../text/quote.ts';
import { definePolicy, type ExplainedRequest } from './policy-definition.ts';

const CODINGS: readonly ContentCoding[] = ['zstd', 'br', 'gzip'];
const EXAMPLE = CODINGS.join(', ');

export const COMPRESS = definePolicy<CompressPolicy>({
  rows: [
    {
      name: 'compress',
      nginx: [],
      value: `one or more of ${EXAMPLE}, separated by commas: the first is preferred`,
      help:
        'Compresses responses of text, JSON, XML, JavaScript and the like, of 256 bytes or more, for clients that take it; where one ' +
        'holds a secret beside what a request can put into it, its size gives the secret away (BREACH).',
      example: EXAMPLE,
    },
  ],
  read(values) {
    const codings = values.read('compress', parseCodings);
    return codings && { kind: 'compress', codings };
  },
  explain,
});

/** @throws FormatError naming the part that cannot be read */
function parseCodings(text: string): readonly ContentCoding[] {
  const words = text.split(/[\s,]+/).filter(word => word !== '');
  if (words.length === 0) throw new FormatError(`holds no coding: write one or more of ${EXAMPLE}`);
  const codings = words.map(word => {
    const coding = CODINGS.find(each => each === word.toLowerCase());
    if (coding === undefined) throw new FormatError(`${quote(word)} is no coding: write one or more of ${EXAMPLE}`);
    return coding;
  });
  const twice = codings.find((coding, index) => codings.indexOf(coding) !== index);
  if (twice !== undefined) throw new FormatError(`${twice} stands twice: write it once, in its place of preference`);
  return codings;
}

function explain({ codings }: CompressPolicy, request: ExplainedRequest): string {
  const accepted = request.header('accept-encoding');
  if (accepted === '')
    return `compresses responses with ${codings.join(', ')} for clients that take it; this request has no Accept-Encoding`;
  const coding = preferredCoding(accepted, codings);
  return coding === undefined
    ? `sends responses as they are, because ${quote(accepted)} takes none of ${codings.join(', ')}`
    : `compresses responses of text with ${coding}`;
}
