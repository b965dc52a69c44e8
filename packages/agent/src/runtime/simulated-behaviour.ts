/** What a simulated container or image does, as data. Milliseconds of the injected timers. */
export interface SimulatedBehaviour {
  /** @default 0 */
  pullMs?: number;
  /** The pull fails with this message. */
  pullError?: string;
  /** The image is on every host already, unknown to any registry. @default true */
  cached?: boolean;
  /** @default 1 */
  createMs?: number;
  createError?: string;
  /** @default 10 */
  startMs?: number;
  startError?: string;
  /** Exits by itself so long after its start; undefined: runs until it is stopped. */
  exitsAfterMs?: number;
  /** Of that exit. @default 0 */
  exitCode?: number;
  /** That exit is the kernel's doing: out of memory, exit code 137. */
  outOfMemory?: boolean;
  /** From SIGTERM to the exit; Infinity: ignores it. @default 0 */
  stopMs?: number;
  /** Of the exit on SIGTERM. @default 143 */
  stopExitCode?: number;
  /** Survives SIGKILL too. */
  unkillable?: boolean;
  /** What its health check says, and how long after its start. */
  health?: { afterMs: number; status: 'HEALTHY' | 'UNHEALTHY' }[];
  /** Its log. */
  output?: string;
}

export type BehaviourOf = (container: { image: string; name: string; command?: string[] }) => SimulatedBehaviour;

/** `image: behaviour`; an image that is not listed runs for ever. */
export const byImage =
  (behaviours: Readonly<Record<string, SimulatedBehaviour>>): BehaviourOf =>
  ({ image }) =>
    behaviours[image] ?? {};
