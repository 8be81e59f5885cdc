import type { Terminal } from '../io.ts';

/** The alternate screen: leaving it restores the previous content. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
/** To the end of the line, or of the screen. Sent before the text: after a text as wide as the terminal it would erase the last character. */
const ERASE_LINE = '\x1b[K';
const ERASE_BELOW = '\x1b[J';

/** A full-screen view that is redrawn in place. */
export class Screen {
  readonly #terminal: Terminal;
  readonly #render: () => readonly string[];
  readonly #endings: (() => void)[];
  #isOpen = false;

  /** @param render makes the lines for the current size of the terminal */
  constructor(terminal: Terminal, render: () => readonly string[]) {
    this.#terminal = terminal;
    this.#render = render;
    this.#endings = [
      terminal.onResize(() => this.draw()),
      terminal.onSuspend(
        () => this.#leave(),
        () => {
          this.#enter();
          this.draw();
        },
      ),
    ];
    this.#enter();
  }

  draw(): void {
    if (!this.#isOpen) return;
    const lines = this.#render();
    const drawn = lines.map((line, index) => (index < lines.length - 1 ? ERASE_LINE : ERASE_BELOW) + line);
    this.#terminal.write(HOME + drawn.join('\r\n'));
  }

  /** Restores the terminal. */
  close(): void {
    for (const end of this.#endings) end();
    this.#leave();
  }

  #enter(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#terminal.write(ENTER);
  }

  #leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#terminal.write(LEAVE);
  }
}
