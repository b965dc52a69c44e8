/**
 * What ECS fills in when a task definition is registered, so that everybody who reads one later (callers, scheduler, agents)
 * sees the same. Pure.
 */
import type { ContainerDefinition, HealthCheck, PortMapping, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';

type Definition = Omit<RegisterTaskDefinitionRequest, 'tags'>;

export function withDefaults(request: RegisterTaskDefinitionRequest): Definition {
  const isHostMode = request.networkMode === 'host';
  const definition: RegisterTaskDefinitionRequest = {
    ...request,
    // Kept apart: they change, a definition does not.
    tags: undefined,
    containerDefinitions: (request.containerDefinitions ?? []).map((container) => withContainerDefaults(container, isHostMode)),
    volumes: request.volumes ?? [],
    placementConstraints: request.placementConstraints ?? [],
  };
  return definition;
}

function withContainerDefaults(container: ContainerDefinition, isHostMode: boolean): ContainerDefinition {
  return {
    ...container,
    cpu: container.cpu ?? 0,
    essential: container.essential ?? true,
    portMappings: (container.portMappings ?? []).map((mapping) => withPortDefaults(mapping, isHostMode)),
    environment: container.environment ?? [],
    mountPoints: container.mountPoints ?? [],
    volumesFrom: container.volumesFrom ?? [],
    systemControls: container.systemControls ?? [],
    ...(container.healthCheck ? { healthCheck: withHealthCheckDefaults(container.healthCheck) } : {}),
  };
}

/** In host mode a port is the same on both sides; in bridge mode 0 leaves the choice to Docker. */
function withPortDefaults(mapping: PortMapping, isHostMode: boolean): PortMapping {
  const protocol = mapping.protocol ?? 'tcp';
  if (mapping.containerPortRange !== undefined) return { ...mapping, protocol };
  return { ...mapping, hostPort: isHostMode ? mapping.containerPort : (mapping.hostPort ?? 0), protocol };
}

const withHealthCheckDefaults = (healthCheck: HealthCheck): HealthCheck => ({
  ...healthCheck,
  interval: healthCheck.interval ?? 30,
  timeout: healthCheck.timeout ?? 5,
  retries: healthCheck.retries ?? 3,
});
