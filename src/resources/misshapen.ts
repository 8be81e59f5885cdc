import { problem, type ShapeProblem } from './service-object.ts';

/** Ends the reading of an object at its first problem; {@link orProblem} catches it. */
export class Misshapen extends Error {
  readonly problem: ShapeProblem;

  constructor(path: ShapeProblem['path'], reason: string) {
    super(reason);
    this.problem = problem(path, reason);
  }
}

/** What is read, or the problem that ended the reading. */
export function orProblem<T>(read: () => T): T | ShapeProblem {
  try {
    return read();
  } catch (error) {
    if (error instanceof Misshapen) return error.problem;
    throw error;
  }
}
