/**
 * A time of an answer, which AWS JSON 1.1 writes as epoch seconds. Views make no other dates: JSON.stringify asks each for its form,
 * which is several times cheaper than a replacer that it asks about every member.
 */
export class EpochDate extends Date {
  override toJSON(): string {
    return (this.getTime() / 1000) as unknown as string;
  }
}

/** Renders what an operation answered as AWS JSON 1.1: undefined members left out. Every Date in it is an EpochDate. */
export const renderOutput = (output: unknown): string => JSON.stringify(output ?? {});
