/** What a lab shows on this machine: its namespaces, interfaces and folder. */
import { readdirSync, readFileSync, statSync } from 'node:fs';

/** Each with what tells it from another of the same name: as soon as a lab is gone the next one, anybody's, may have its number. */
export function tracesOfLab(id: number): string[] {
  const lab = `mecs${id}`;
  const interfaces = namesIn('/sys/class/net').filter((name) => name === lab || name.startsWith(`${lab}-`));
  const namespaces = namesIn('/run/netns').filter((name) => name.startsWith(`${lab}-`));
  return [
    ...interfaces.flatMap((name) => known(name, () => readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8').trim())),
    ...namespaces.flatMap((name) => known(`/run/netns/${name}`, () => identityOf(`/run/netns/${name}`))),
    ...known(`/var/lib/mini-ecs-lab/${id}`, () => identityOf(`/var/lib/mini-ecs-lab/${id}`)),
  ];
}

/** Those of the traces that are still there. */
export const stillThere = (traces: readonly string[], id: number): string[] =>
  tracesOfLab(id).filter((trace) => traces.includes(trace));

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function known(name: string, identity: () => string): string[] {
  try {
    return [`${name} (${identity()})`];
  } catch {
    return []; // gone meanwhile
  }
}

/** A namespace has no time of birth, and its inode's number is soon another's; its other times never change. */
function identityOf(path: string): string {
  const { ino, birthtimeMs, ctimeMs } = statSync(path);
  return `${ino}, ${birthtimeMs || ctimeMs}`;
}
