/**
 * What of ECS's task definitions mini-ecs does not run yet. A registration that asks for it is refused with its name: better now
 * than a task that silently runs without its secrets.
 */
import type { ContainerDefinition, RegisterTaskDefinitionRequest, Volume } from '@aws-sdk/client-ecs';
import { ApiError } from '../api-error.ts';
import { isGiven } from '../unsupported.ts';

const unsupported = (what: string, instead = ''): ApiError =>
  new ApiError('ClientException', `mini-ecs does not support ${what} yet.${instead && ` ${instead}`}`);

/** Throws ClientException for the first thing that is not supported. */
export function refuseUnsupportedTaskDefinition(request: RegisterTaskDefinitionRequest): void {
  if (request.networkMode === 'awsvpc') throw unsupported('networkMode awsvpc', 'Use bridge, host or none.');
  const compatibilities = request.requiresCompatibilities ?? [];
  const runsHere = compatibilities.includes('EC2') || compatibilities.includes('EXTERNAL');
  if (compatibilities.length > 0 && !runsHere) {
    throw unsupported(
      `requiresCompatibilities ${compatibilities.join(', ')}`,
      'Require EC2 or EXTERNAL: tasks run on your own hosts.',
    );
  }
  if (request.runtimePlatform?.operatingSystemFamily?.startsWith('WINDOWS')) {
    throw unsupported(`operatingSystemFamily ${request.runtimePlatform.operatingSystemFamily}`);
  }
  refuse('', {
    proxyConfiguration: isGiven(request.proxyConfiguration),
    inferenceAccelerators: isGiven(request.inferenceAccelerators),
    ephemeralStorage: isGiven(request.ephemeralStorage),
    enableFaultInjection: request.enableFaultInjection,
  });
  for (const volume of request.volumes ?? []) refuseUnsupportedVolume(volume);
  for (const container of request.containerDefinitions ?? []) refuseUnsupportedContainer(container);
}

function refuseUnsupportedVolume(volume: Volume): void {
  refuse(`volume '${volume.name}'`, {
    efsVolumeConfiguration: volume.efsVolumeConfiguration !== undefined,
    s3filesVolumeConfiguration: volume.s3filesVolumeConfiguration !== undefined,
    fsxWindowsFileServerVolumeConfiguration: volume.fsxWindowsFileServerVolumeConfiguration !== undefined,
    configuredAtLaunch: volume.configuredAtLaunch,
  });
}

function refuseUnsupportedContainer(container: ContainerDefinition): void {
  const { logConfiguration } = container;
  refuse(`container '${container.name}'`, {
    secrets: isGiven(container.secrets),
    environmentFiles: isGiven(container.environmentFiles),
    repositoryCredentials: container.repositoryCredentials !== undefined,
    firelensConfiguration: container.firelensConfiguration !== undefined,
    resourceRequirements: isGiven(container.resourceRequirements),
    credentialSpecs: isGiven(container.credentialSpecs),
    restartPolicy: container.restartPolicy?.enabled,
    'logConfiguration.logDriver awsfirelens': logConfiguration?.logDriver === 'awsfirelens',
    'logConfiguration.secretOptions': isGiven(logConfiguration?.secretOptions),
  });
}

function refuse(where: string, members: Record<string, boolean | undefined>): void {
  for (const [member, given] of Object.entries(members)) {
    if (given) throw unsupported(where === '' ? member : `${member} (${where})`);
  }
}
