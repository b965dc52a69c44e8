/**
 * What a task takes from a container instance. CPU in units (1024 a core), memory in MiB, static
 * host ports as `80/tcp`; a `hostPort` of 0 is Docker's business and takes nothing here.
 */
export interface Resources {
  cpu: number;
  memory: number;
  ports: string[];
}

/** The first resource that does not fit, in the words of ECS's `failures[].reason`. */
export type ResourceShortage = 'RESOURCE:CPU' | 'RESOURCE:MEMORY' | 'RESOURCE:PORTS';

export const noResources: Resources = { cpu: 0, memory: 0, ports: [] };

export function shortage(
  wanted: Resources,
  free: { cpu: number; memory: number; usedPorts: { has(port: string): boolean } },
): ResourceShortage | undefined {
  if (wanted.cpu > free.cpu) return 'RESOURCE:CPU';
  if (wanted.memory > free.memory) return 'RESOURCE:MEMORY';
  if (wanted.ports.some((port) => free.usedPorts.has(port))) return 'RESOURCE:PORTS';
  return undefined;
}

/** Ports in a store field: `,80/tcp,53/udp,`, so that a plain search for `,80/tcp,` is exact. Empty: ``. */
export const encodePorts = (ports: readonly string[]): string => (ports.length === 0 ? '' : `,${ports.join(',')},`);

export const decodePorts = (field: string | undefined): string[] => (field ? field.split(',').filter((port) => port !== '') : []);
