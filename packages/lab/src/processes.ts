/**
 * Which processes belong to a lab: those that carry its folder in their environment (`MINI_ECS_LAB`: engines, their shims,
 * controllers), those inside its hosts' network namespaces, those in its control groups (containers), and a Redis whose socket
 * is in its folder: redis-server writes its title over its environment. All of them are the kernel's word about a living process, so a recycled pid is never taken for one of them.
 */
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';

export const labVariable = 'MINI_ECS_LAB';

export interface LabTraces {
  /** The lab's folder. */
  folder: string;
  /** Files of its hosts' network namespaces. */
  namespaceFiles: string[];
  /** The control group above its containers, `/mecs7`. */
  cgroup: string;
}

export function processesOf(lab: LabTraces): number[] {
  const inodes = namespaceInodes(lab.namespaceFiles);
  const mark = `${labVariable}=${lab.folder}`;
  return livingProcesses().filter((pid) => {
    if (pid === process.pid) return false;
    const namespace = /\[(\d+)\]/.exec(tryTo(() => readlinkSync(`/proc/${pid}/ns/net`)) ?? '')?.[1];
    if (namespace && inodes.has(Number(namespace))) return true;
    if (fileOf(pid, 'cgroup').includes(`:${lab.cgroup}/`)) return true;
    if (fileOf(pid, 'environ').split('\0').includes(mark)) return true;
    return commandLineOf(pid).startsWith(`redis-server unixsocket:${lab.folder}/`);
  });
}

/** Its arguments, separated by blanks; '' once it is gone. */
export const commandLineOf = (pid: number): string => fileOf(pid, 'cmdline').replaceAll('\0', ' ').trim();

/** Ends them with SIGKILL and waits until they are gone: engines that saw it coming would take ten seconds a container. */
export async function endProcesses(lab: LabTraces, timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  // An engine may start a helper while we look: look until there is nothing left.
  for (let pids = processesOf(lab); pids.length > 0; pids = processesOf(lab)) {
    if (performance.now() > deadline) throw new Error(`processes of ${lab.folder} do not end: ${pids.join(', ')}`);
    for (const pid of pids) tryTo(() => process.kill(pid, 'SIGKILL'));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function livingProcesses(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 1 && !isZombie(pid));
}

/** `pid (name, with any character) state …` */
function isZombie(pid: number): boolean {
  const stat = fileOf(pid, 'stat');
  return stat === '' || stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

/** A file under /run/netns that is no namespace (yet) has an inode of another file system, and means nothing. */
function namespaceInodes(files: string[]): Set<number> {
  const own = statSync('/proc/self/ns/net');
  const inodes = files.flatMap((file) => {
    const found = tryTo(() => statSync(file));
    return found && found.dev === own.dev && found.ino !== own.ino ? [found.ino] : [];
  });
  return new Set(inodes);
}

/** '' once the process is gone. */
const fileOf = (pid: number, name: string): string => tryTo(() => readFileSync(`/proc/${pid}/${name}`, 'utf8')) ?? '';

function tryTo<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
