/** Many at a time, or one alone; who wants to be alone waits no longer than for those who play. */
export class Turns {
  #playing = 0;
  #alone = false;
  readonly #waiting: { readonly alone: boolean; readonly start: () => void }[] = [];

  async take<T>(alone: boolean, play: () => Promise<T>): Promise<T> {
    await new Promise<void>((start) => {
      this.#waiting.push({ alone, start });
      this.#next();
    });
    try {
      return await play();
    } finally {
      this.#playing--;
      this.#alone = false;
      this.#next();
    }
  }

  #next(): void {
    while (!this.#alone) {
      const [first] = this.#waiting;
      if (first === undefined || (first.alone && this.#playing > 0)) return;
      this.#waiting.shift();
      this.#playing++;
      this.#alone = first.alone;
      first.start();
    }
  }
}
