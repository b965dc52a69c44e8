/**
 * What the API said to the clients. Each of their requests is a valid one on a thing that is theirs alone, in a cluster with room for
 * all of it: so no refusal is right, and no server error but 503, while the store is away. Only a RunTask may find no place, and
 * says so in `failures[]`: while nobody places, or while every instance is away.
 */
import type { StruckFault } from './fault-schedule.ts';
import type { HistoryEntry } from './history.ts';

/** What a fault did to placement is over so long after it: agents are back, jobs of a dead worker are another's. */
const aftermathMs = 15_000;
const stopsPlacement = new Set<StruckFault['kind']>(['controllerKill', 'controllerPause', 'redisKill', 'redisPause']);

/** Those that nothing explains. `faults` and entries count from the same moment. */
export const unexplainedAnswers = (entries: readonly HistoryEntry[], faults: readonly StruckFault[]): string[] =>
  entries.flatMap((entry) => problemsOf(entry, faults).map((problem) => `${entry.atMs} ms ${told(entry)}: ${problem}`));

const told = ({ client, operation, input }: HistoryEntry): string => `client ${client} ${operation} ${JSON.stringify(input)}`;

function problemsOf(entry: HistoryEntry, faults: readonly StruckFault[]): string[] {
  const { answer, operation } = entry;
  switch (answer.kind) {
    case 'refused':
      return [`a valid request was refused: ${answer.error}`];
    case 'failed':
      return [`a server error: ${answer.error}`];
    case 'unknown':
    case 'unsent':
      return [];
    case 'done':
      return operation === 'RunTask' ? unexplainedFailures(answer.output['failures'], during(entry, faults)) : [];
  }
}

interface Failure {
  arn?: string;
  reason?: string;
}

function unexplainedFailures(output: unknown, faults: readonly StruckFault[]): string[] {
  const failures = (output ?? []) as Failure[];
  // Each instance that refused has a failure of its own: what befell another one does not explain it.
  const away = new Set(faults.flatMap(({ host }) => host ?? []));
  const refusing = failures.filter(({ reason }) => reason === 'AGENT');
  return failures.flatMap((failure) => {
    const isExplained =
      failure.reason === 'AGENT'
        ? refusing.length <= away.size
        : failure.reason === 'UNPLACED' && faults.some(({ kind }) => stopsPlacement.has(kind));
    return isExplained ? [] : [`no place, which nothing explains: ${JSON.stringify(failure)}`];
  });
}

/** Faults at work, or just over, at any moment of the request. */
const during = ({ atMs, tookMs }: HistoryEntry, faults: readonly StruckFault[]): StruckFault[] =>
  faults.filter((fault) => fault.atMs <= atMs + tookMs && atMs <= fault.atMs + (fault.untilMs - fault.fromMs) + aftermathMs);
