// Original file: proto/agent.proto

import type { ContainerStatus as _miniecs_agent_v1_ContainerStatus, ContainerStatus__Output as _miniecs_agent_v1_ContainerStatus__Output } from '../../../miniecs/agent/v1/ContainerStatus.ts';
import type { Long } from '@grpc/proto-loader';

export interface TaskStatus {
  'taskId'?: (string);
  'lastStatus'?: (string);
  'containers'?: (_miniecs_agent_v1_ContainerStatus)[];
  'stopCode'?: (string);
  'stoppedReason'?: (string);
  'healthStatus'?: (string);
  'pullStartedAgeMs'?: (number | string | Long);
  'pullStoppedAgeMs'?: (number | string | Long);
  'startedAgeMs'?: (number | string | Long);
  'stoppingAgeMs'?: (number | string | Long);
  'executionStoppedAgeMs'?: (number | string | Long);
  'stoppedAgeMs'?: (number | string | Long);
  '_pullStartedAgeMs'?: "pullStartedAgeMs";
  '_pullStoppedAgeMs'?: "pullStoppedAgeMs";
  '_startedAgeMs'?: "startedAgeMs";
  '_stoppingAgeMs'?: "stoppingAgeMs";
  '_executionStoppedAgeMs'?: "executionStoppedAgeMs";
  '_stoppedAgeMs'?: "stoppedAgeMs";
}

export interface TaskStatus__Output {
  'taskId': (string);
  'lastStatus': (string);
  'containers': (_miniecs_agent_v1_ContainerStatus__Output)[];
  'stopCode': (string);
  'stoppedReason': (string);
  'healthStatus': (string);
  'pullStartedAgeMs'?: (number);
  'pullStoppedAgeMs'?: (number);
  'startedAgeMs'?: (number);
  'stoppingAgeMs'?: (number);
  'executionStoppedAgeMs'?: (number);
  'stoppedAgeMs'?: (number);
  '_pullStartedAgeMs'?: "pullStartedAgeMs";
  '_pullStoppedAgeMs'?: "pullStoppedAgeMs";
  '_startedAgeMs'?: "startedAgeMs";
  '_stoppingAgeMs'?: "stoppingAgeMs";
  '_executionStoppedAgeMs'?: "executionStoppedAgeMs";
  '_stoppedAgeMs'?: "stoppedAgeMs";
}
