/** A process that runs seeds for another one, on virtual time: see run-seeds.ts. */
import { installVirtualTime } from './virtual-time.ts';
import type { Assignment, WorkerMessage } from './run-seeds.ts';

installVirtualTime();
// Loaded after it, so that every part of the product is given virtual timers.
const { runSeed } = await import('./simulation.ts');
const { withoutGuard } = await import('./removed-guards.ts');

const tell = (message: WorkerMessage): void => void process.send?.(message);

// A rejection that nobody handles ends a real controller or agent.
let unhandled: string | undefined;
process.on('unhandledRejection', (error) => {
  unhandled ??= `unhandled rejection: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
});

async function run({ seeds, guard, only, trace }: Assignment): Promise<void> {
  // Stacks cost a tenth of the time; a traced run shows them.
  Error.stackTraceLimit = trace ? 20 : 0;
  for (const seed of seeds) {
    unhandled = undefined;
    const before = process.cpuUsage();
    const result = await runSeed({
      seed,
      ...(guard ? { tamper: withoutGuard(guard) } : {}),
      ...(only ? { only } : {}),
      ...(trace ? { trace: (line) => tell({ line }) } : {}),
    });
    const violation = result.violation ?? unhandled;
    const { user, system } = process.cpuUsage(before);
    tell({ cpuMs: (user + system) / 1000, result: { ...result, ...(violation === undefined ? {} : { violation }) } });
  }
  tell({ idle: true });
}

process.on('message', (assignment: Assignment) => {
  run(assignment).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(0));
tell({ idle: true });
