// Original file: proto/agent.proto

import type { Assignment as _miniecs_agent_v1_Assignment, Assignment__Output as _miniecs_agent_v1_Assignment__Output } from '../../../miniecs/agent/v1/Assignment.ts';
import type { Long } from '@grpc/proto-loader';

export interface FullAssignments {
  'version'?: (number | string | Long);
  'assignments'?: (_miniecs_agent_v1_Assignment)[];
  'unknown'?: (string)[];
}

export interface FullAssignments__Output {
  'version': (number);
  'assignments': (_miniecs_agent_v1_Assignment__Output)[];
  'unknown': (string)[];
}
