/** As much of a terminal as the program may use: what it does not know, it refuses. */
export class ScreenModel {
  #columns: number;
  #rows: number;
  #row = 0;
  #column = 0;
  #cells: string[][] = [];
  #pending = '';
  isAlternate = false;
  isCursorVisible = true;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
  }

  resize(columns: number, rows: number): void {
    this.#columns = columns;
    this.#rows = rows;
    this.#cells = this.#cells.slice(0, rows).map(row => row.slice(0, columns));
    this.#row = Math.min(this.#row, rows - 1);
  }

  /** Without trailing spaces; as many as were written to. */
  lines(): string[] {
    return Array.from(this.#cells, row =>
      Array.from(row ?? [], cell => cell ?? ' ')
        .join('')
        .trimEnd(),
    );
  }

  /** @throws Error for a control it does not know */
  write(text: string): void {
    let rest = this.#pending + text;
    this.#pending = '';
    while (rest !== '') {
      const [sequence = ''] = /^\x1b(?:\[[?\d;]*[A-Za-z]?)?/.exec(rest) ?? [];
      if (sequence === '') {
        const [character = ''] = rest;
        this.#put(character);
        rest = rest.slice(character.length);
      } else if (!/[A-Za-z]$/.test(sequence)) {
        if (sequence.length < rest.length) throw new Error(`unknown control ${JSON.stringify(rest.slice(0, 10))}`);
        // It was cut off: the rest is still to come.
        this.#pending = rest;
        return;
      } else {
        this.#obey(sequence.slice(2));
        rest = rest.slice(sequence.length);
      }
    }
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#lineFeed();
    else if (character < ' ' || (character >= '\x7f' && character < '\xa0')) {
      throw new Error(`unknown control ${JSON.stringify(character)}`);
    } else {
      // The last column is kept until something more comes (xterm's pending wrap).
      if (this.#column === this.#columns) {
        this.#column = 0;
        this.#lineFeed();
      }
      this.#line()[this.#column] = character;
      this.#column += 1;
    }
  }

  #lineFeed(): void {
    if (this.#row < this.#rows - 1) this.#row += 1;
    else this.#cells.shift();
    this.#line();
  }

  #obey(control: string): void {
    if (/^[\d;]*m$/.test(control)) return;
    switch (control) {
      case 'H':
        this.#row = 0;
        this.#column = 0;
        break;
      case 'K':
        this.#line().length = Math.min(this.#column, this.#columns - 1, this.#line().length);
        break;
      case 'J':
        this.#obey('K');
        this.#cells.length = this.#row + 1;
        break;
      case '?1049h':
      case '?1049l':
        this.isAlternate = control.endsWith('h');
        this.#cells = [];
        this.#row = 0;
        this.#column = 0;
        break;
      case '?25h':
      case '?25l':
        this.isCursorVisible = control.endsWith('h');
        break;
      default:
        throw new Error(`unknown control sequence ${control}`);
    }
  }

  #line(): string[] {
    const line = this.#cells[this.#row] ?? [];
    this.#cells[this.#row] = line;
    return line;
  }
}
