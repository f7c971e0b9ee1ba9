/**
 * Many at a time, or one alone. Who wants to be alone waits for those who play, and nobody else
 * starts meanwhile.
 */
export class Turns {
  #playing = 0;
  #closed: (() => void) | undefined;
  #alone = false;
  readonly #waiting: { readonly alone: boolean; readonly start: () => void }[] = [];

  /** Nothing is played where it is closed by then. */
  async take<T>(alone: boolean, play: () => Promise<T>): Promise<T | undefined> {
    await new Promise<void>((start) => {
      this.#waiting.push({ alone, start });
      this.#next();
    });
    try {
      return this.#closed === undefined ? await play() : undefined;
    } finally {
      this.#playing--;
      this.#alone = false;
      this.#next();
    }
  }

  /** Once those who play are done: a limit of time does not wait for them. */
  close(): Promise<void> {
    return new Promise((closed) => {
      this.#closed = closed;
      this.#next();
    });
  }

  #next(): void {
    if (this.#playing === 0 && this.#waiting.length === 0) this.#closed?.();
    while (!this.#alone) {
      const first = this.#waiting.find(({ alone }) => alone) ?? this.#waiting[0];
      if (first === undefined || (first.alone && this.#playing > 0)) return;
      this.#waiting.splice(this.#waiting.indexOf(first), 1);
      this.#playing++;
      this.#alone = first.alone;
      first.start();
    }
  }
}
