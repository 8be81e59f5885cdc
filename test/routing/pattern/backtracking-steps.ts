import {
  BOUNDARY,
  BYTE,
  END,
  JUMP,
  MATCH,
  type Program,
  SAVE,
  SET,
  SPLIT,
  START,
} from '../../../src/routing/pattern/program.ts';

/**
 * How many instructions a backtracking search takes that remembers nothing, as RegExp's: at each place of a text, until it
 * has found something. It stops beyond `most`.
 */
export function backtrackingSteps(program: Program, text: string, most: number): number {
  const { operations, x, y } = program;
  let steps = 0;
  for (let start = 0; start <= text.length; start += 1) {
    const open: [pc: number, at: number][] = [[0, start]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [pc, at] = next;
      steps += 1;
      if (operations[pc] === MATCH || steps > most) return steps;
      open.push(...continuations(pc, at));
    }
  }
  return steps;

  function continuations(pc: number, at: number): [pc: number, at: number][] {
    switch (operations[pc]) {
      case BYTE:
      case SET:
        return program.takes(pc, text.charCodeAt(at)) ? [[pc + 1, at + 1]] : [];
      case SPLIT:
        return [
          [y[pc] as number, at],
          [x[pc] as number, at],
        ];
      case JUMP:
        return [[x[pc] as number, at]];
      case SAVE:
        return [[pc + 1, at]];
      case START:
        return at === 0 ? [[pc + 1, at]] : [];
      case END:
        return at === text.length ? [[pc + 1, at]] : [];
      case BOUNDARY:
        return (isWord(text[at - 1]) !== isWord(text[at])) === (x[pc] === 0) ? [[pc + 1, at]] : [];
      default:
        throw new Error('a look-ahead is never proven');
    }
  }
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /\w/.test(character);
}
