/** A mistake in the program, not in its use: only where it happened tells anything. */
const isBug = (error: Error): boolean =>
  error instanceof SyntaxError || error instanceof ReferenceError || (error instanceof TypeError && !error.cause);

/** What to tell the user of an error: its message, or for one without (a refused connection to several addresses) those of its parts. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  if (!(error instanceof Error)) return String(error);
  if (isBug(error)) return error.stack ?? error.message;
  if (error.message === 'fetch failed' && error.cause) return messageOf(error.cause);
  return error.message || error.name;
}
