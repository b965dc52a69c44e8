/** Renders what an operation answered as AWS JSON 1.1: Date → epoch seconds, undefined members left out. */
export const renderOutput = (output: unknown): string => JSON.stringify(output ?? {}, epochSeconds);

/** By the time a replacer is called, `toJSON` has made a string of a Date: the Date itself is still at its holder. */
function epochSeconds(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  return original instanceof Date ? original.getTime() / 1000 : value;
}
