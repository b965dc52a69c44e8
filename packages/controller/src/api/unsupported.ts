/**
 * Members of ECS's API that mini-ecs does not act upon. They are refused by name when they are given, never ignored: a caller
 * who asks for a load balancer must not be left to find out that there is none.
 */
import { ApiError } from './api-error.ts';

/** Whether a caller gave a list or structure that holds anything. */
export const isGiven = (value: object | null | undefined): boolean =>
  value !== undefined && value !== null && Object.values(value).some((member) => member !== undefined);

/** Throws UnsupportedFeatureException for the first member that was given. */
export function refuseUnsupported(members: Record<string, boolean | undefined>): void {
  for (const [member, given] of Object.entries(members)) {
    if (given) throw new ApiError('UnsupportedFeatureException', `mini-ecs does not support ${member} yet. Leave it out.`);
  }
}

/** The members that RunTask, StartTask and the services share and that belong to other launch types or network modes. */
export interface HostedElsewhere {
  launchType?: string | undefined;
  capacityProviderStrategy?: object | undefined;
  networkConfiguration?: object | undefined;
  platformVersion?: string | undefined;
}

export function refuseHostedElsewhere(input: HostedElsewhere): void {
  refuseUnsupported({
    [`launchType ${input.launchType}`]: input.launchType === 'FARGATE' || input.launchType === 'MANAGED_INSTANCES',
    capacityProviderStrategy: isGiven(input.capacityProviderStrategy),
  });
  if (input.platformVersion) {
    throw new ApiError('InvalidParameterException', 'The platform version must be null when specifying an EC2 launch type.');
  }
  if (isGiven(input.networkConfiguration)) {
    throw new ApiError(
      'InvalidParameterException',
      'Network Configuration is not valid for the given networkMode of this task definition.',
    );
  }
}
