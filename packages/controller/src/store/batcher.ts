/**
 * Makes one command of many calls. While a command is under way, calls gather for the next one: when little happens
 * each call is a command of its own, at once; under load the commands grow instead of their number.
 */
interface Waiting<Call, Answer> {
  call: Call;
  answered: PromiseWithResolvers<Answer>;
}

export class Batcher<Call, Answer> {
  readonly #send: (calls: Call[]) => Promise<Answer[]>;
  readonly #most: number;
  readonly #sizeOf: (call: Call) => number;
  readonly #waiting: Waiting<Call, Answer>[] = [];
  #isBusy = false;

  /** `send` answers for each call, in order; when it throws, all its calls do. A command takes calls up to the size `most`, and at least one. */
  constructor(send: (calls: Call[]) => Promise<Answer[]>, { most, sizeOf }: { most: number; sizeOf: (call: Call) => number }) {
    this.#send = send;
    this.#most = most;
    this.#sizeOf = sizeOf;
  }

  add(call: Call): Promise<Answer> {
    const answered = Promise.withResolvers<Answer>();
    this.#waiting.push({ call, answered });
    if (!this.#isBusy) {
      this.#isBusy = true;
      setImmediate(() => void this.#work());
    }
    return answered.promise;
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#next();
      try {
        const answers = await this.#send(batch.map(({ call }) => call));
        for (const [index, { answered }] of batch.entries()) answered.resolve(answers[index]!);
      } catch (error) {
        for (const { answered } of batch) answered.reject(error);
      }
    }
    this.#isBusy = false;
  }

  #next(): Waiting<Call, Answer>[] {
    let size = 0;
    let end = 0;
    do size += this.#sizeOf(this.#waiting[end++]!.call);
    while (end < this.#waiting.length && size + this.#sizeOf(this.#waiting[end]!.call) <= this.#most);
    return this.#waiting.splice(0, end);
  }
}
