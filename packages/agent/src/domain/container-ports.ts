import type { AssignedContainer } from '@mini-ecs/shared';

type PortMapping = AssignedContainer['portMappings'][number];

/** The container's ports of a mapping: one, or those of a `containerPortRange` such as `8000-8010`. */
export function containerPorts(mapping: PortMapping): number[] {
  if (mapping.containerPort !== undefined) return [mapping.containerPort];
  const [first = 0, last = first] = (mapping.containerPortRange ?? '').split('-').map(Number);
  return first > 0 && last >= first ? Array.from({ length: last - first + 1 }, (_, index) => first + index) : [];
}
